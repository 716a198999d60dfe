"""Asking by insurance data through the shared folders, against a program that behaves like the terminal."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from clinic.national_service import InsuranceQuery, PersonQuery
from clinic.official_xml import Encoding, from_xml
from clinic.people import load_people
from clinic.terminal import TerminalLookup
from clinic.terminal_sim import PASSWORD, Manner, encrypted_zip
from device.domain.errors import Fault, MessageError
from device.domain.reasons import Reason

Ask = Callable[..., TerminalLookup]
TARO = InsuranceQuery(insurer_number="06990012", symbol="１２３", number="４５６７", birthdate="19740402")


class Clock:
    """A clock that moves when somebody waits, for a terminal that never answers."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    def wait(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("req", "res"):
        (tmp_path / name).mkdir()
    return tmp_path / "req", tmp_path / "res"


@pytest.fixture
def lookup(folders: tuple[Path, Path]) -> TerminalLookup:
    requests, results = folders
    return TerminalLookup(
        requests=requests,
        results=results,
        institution_code="1399999999",
        password=PASSWORD,
        look_s=0.04,  # longer than the terminal's pauses, so that two equal looks mean that it is done
    )


@pytest.fixture
def run_terminal(folders: tuple[Path, Path]) -> Iterator[Callable[..., None]]:
    with ExitStack() as stack:

        def run(manner: Manner = Manner.AT_ONCE, encoding: Encoding = Encoding.UTF_8) -> None:
            words = [*map(str, folders), "--manner", manner.value, "--encoding", encoding.value]
            command = [sys.executable, "-m", "clinic.terminal_sim", *words]
            process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            stack.callback(process.kill)
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"

        yield run


def left_behind(folders: tuple[Path, Path]) -> list[Path]:
    return [path for folder in folders for path in folder.iterdir()]


@pytest.mark.parametrize(
    ("manner", "encoding"),
    [
        (Manner.AT_ONCE, Encoding.UTF_8),
        (Manner.SLOWLY, Encoding.UTF_8),
        (Manner.SLOWLY, Encoding.SHIFT_JIS),
        (Manner.ZIPPED, Encoding.SHIFT_JIS),
    ],
)
def test_an_answer_is_read_whole_in_whatever_manner_it_comes(
    run_terminal: Callable[..., None],
    lookup: TerminalLookup,
    folders: tuple[Path, Path],
    manner: Manner,
    encoding: Encoding,
) -> None:
    run_terminal(manner, encoding)

    record = lookup.look_up(TARO)

    assert record.validity == "1"
    assert record.results == load_people()[1001].results
    assert left_behind(folders) == []


def test_somebody_who_is_not_on_record_is_an_answer(run_terminal: Callable[..., None], lookup: TerminalLookup) -> None:
    run_terminal()

    record = lookup.look_up(InsuranceQuery(insurer_number="06990012", number="０", birthdate="19740402"))

    assert (record.validity, record.results) == ("4", ())


@pytest.mark.parametrize(
    ("manner", "why"),
    [
        (Manner.BOMB, "a document type is not taken"),
        (Manner.ERROR, "the terminal says OQC-SIM9"),
    ],
)
def test_a_hostile_or_failed_answer_is_refused_with_a_reason_and_leaves_nothing_behind(
    run_terminal: Callable[..., None], lookup: TerminalLookup, folders: tuple[Path, Path], manner: Manner, why: str
) -> None:
    run_terminal(manner)
    impatient = TerminalLookup(
        requests=lookup.requests,
        results=lookup.results,
        institution_code=lookup.institution_code,
        look_s=0.02,
        patience_s=1.5,
    )

    with pytest.raises(MessageError, match=why):
        impatient.look_up(TARO)
    assert left_behind(folders) == []


def lonely(lookup: TerminalLookup, clock: Clock, wait: Callable[[float], None] | None = None) -> TerminalLookup:
    return TerminalLookup(
        requests=lookup.requests,
        results=lookup.results,
        institution_code=lookup.institution_code,
        password=lookup.password,
        clock=clock,
        wait=wait or clock.wait,
    )


def test_a_terminal_that_never_answers_is_unreachable_and_the_question_is_taken_back(
    lookup: TerminalLookup, folders: tuple[Path, Path]
) -> None:
    with pytest.raises(Fault, match="did not answer in time") as caught:
        lonely(lookup, Clock()).look_up(TARO)

    assert caught.value.reason is Reason.SERVICE_UNREACHABLE
    assert left_behind(folders) == []


def test_the_request_has_the_official_shape(lookup: TerminalLookup, folders: tuple[Path, Path]) -> None:
    clock = Clock()
    seen: list[bytes] = []

    def wait(seconds: float) -> None:
        seen.extend(path.read_bytes() for path in folders[0].glob("OQSsiquc01req_*.xml"))
        clock.wait(seconds)

    with pytest.raises(Fault):
        lonely(lookup, clock, wait).look_up(InsuranceQuery(insurer_number="990013", number="1", birthdate="19740402"))

    request = from_xml(seen[0])
    assert request["MedicalInstitutionCode"] == "1399999999"
    search = request["QualificationConfirmSearchInfo"]
    assert isinstance(search, dict)
    assert (search["InsurerNumber"], search["Birthdate"]) == ("  990013", "19740402")


def answering(folders: tuple[Path, Path], clock: Clock, *contents: bytes) -> Callable[[float], None]:
    """Each time somebody waits, the answer's file holds the next of `contents`."""
    left = list(contents)

    def wait(seconds: float) -> None:
        for request in folders[0].glob("OQSsiquc01req_*.xml"):
            answer = folders[1] / request.name.replace("req", "res", 1)
            answer.write_bytes(left.pop(0) if len(left) > 1 else left[0])
        clock.wait(seconds)

    return wait


WHOLE = (
    b"<XmlMsg><MessageHeader><SegmentOfResult>1</SegmentOfResult></MessageHeader>"
    b"<MessageBody><QualificationValidity>4</QualificationValidity></MessageBody></XmlMsg>"
)


def test_a_file_that_pauses_in_the_middle_is_waited_for(lookup: TerminalLookup, folders: tuple[Path, Path]) -> None:
    clock = Clock()
    wait = answering(folders, clock, b"", WHOLE[:40], WHOLE[:40], WHOLE[:40], WHOLE)

    assert lonely(lookup, clock, wait).look_up(TARO).validity == "4"


def test_half_a_file_is_never_taken(lookup: TerminalLookup, folders: tuple[Path, Path]) -> None:
    clock = Clock()

    with pytest.raises(MessageError, match="not well-formed"):
        lonely(lookup, clock, answering(folders, clock, WHOLE[:60])).look_up(TARO)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (encrypted_zip("a.xml", WHOLE, b"another password"), "is the password right"),
        (encrypted_zip("a.xml", WHOLE, PASSWORD)[:90], "does not open"),
        (b"PK\x03\x04" + bytes(200), "does not open"),
        (b"<XmlMsg/>" + b" " * 5_000_000, "more than"),
    ],
)
def test_a_zip_or_a_size_that_cannot_be_is_refused(
    lookup: TerminalLookup, folders: tuple[Path, Path], content: bytes, why: str
) -> None:
    clock = Clock()

    with pytest.raises(MessageError, match=why):
        lonely(lookup, clock, answering(folders, clock, content)).look_up(TARO)


def test_folders_that_vanished_are_a_terminal_that_is_away(lookup: TerminalLookup, folders: tuple[Path, Path]) -> None:
    folders[0].rmdir()

    with pytest.raises(Fault, match="its folders cannot be used: No such file"):
        lonely(lookup, Clock()).look_up(TARO)


def test_a_terminal_is_not_asked_by_name(lookup: TerminalLookup) -> None:
    with pytest.raises(MessageError, match="by insurance data only"):
        lookup.look_up(PersonQuery(kana="ｼﾝﾘｮｳ ﾀﾛｳ", birthdate="19740402"))
