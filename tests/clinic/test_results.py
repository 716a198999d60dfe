from __future__ import annotations

import contextlib
import resource
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic.results import ResultFile
from device.domain.errors import BadConfig, Fault


class Line(msgspec.Struct):
    message_id: str
    text: str = "診療 太郎"


def write(path: Path, *ids: str) -> None:
    with ResultFile(path) as file:
        for message_id in ids:
            file.append(message_id, Line(message_id))


def known(path: Path, *ids: str) -> list[bool]:
    with ResultFile(path) as file:
        return [message_id in file for message_id in ids]


@contextlib.contextmanager
def full_disk(limit: int) -> Iterator[None]:
    """Files of this process may not grow beyond `limit` bytes: as near to a full disk as a test gets."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)


def test_the_file_is_its_own_index(results_path: Path) -> None:
    write(results_path, "one", "two")
    write(results_path, "three")

    assert known(results_path, "one", "two", "three", "four") == [True, True, True, False]
    assert len(results_path.read_text().splitlines()) == 3


def test_nobody_else_on_the_machine_reads_it(results_path: Path) -> None:
    write(results_path, "one")

    assert stat.S_IMODE(results_path.stat().st_mode) == 0o600


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(cut=st.integers(0, 200), hole=st.integers(0, 40))
def test_after_a_power_cut_anywhere_in_the_last_line_the_file_is_whole_again(
    results_path: Path, cut: int, hole: int
) -> None:
    results_path.unlink(missing_ok=True)
    write(results_path, "one", "two")
    whole = results_path.read_bytes()
    first, second = whole.splitlines(keepends=True)
    torn = second[: cut % len(second)]
    results_path.write_bytes(first + bytes(min(hole, len(torn))) + torn[hole:])

    assert known(results_path, "one", "two") == [True, False]
    assert results_path.read_bytes() == first

    write(results_path, "two")
    assert results_path.read_bytes() == whole


def test_a_hole_in_a_last_line_that_has_its_end_is_a_torn_line_too(
    results_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(results_path, "one")
    with results_path.open("ab") as file:
        file.write(bytes(20) + b'"}\n')

    assert known(results_path, "one") == [True]
    assert "line 2 was cut off" in caplog.text


def test_a_foreign_line_in_the_middle_stops_the_start_and_changes_nothing(results_path: Path) -> None:
    write(results_path, "one", "two")
    spoilt = b"a note by hand\n" + results_path.read_bytes()
    results_path.write_bytes(spoilt)

    with pytest.raises(BadConfig, match="line 1: not a line of results"):
        ResultFile(results_path)
    assert results_path.read_bytes() == spoilt


def test_two_processes_do_not_write_one_file(results_path: Path) -> None:
    with ResultFile(results_path), pytest.raises(BadConfig, match="another process"):
        ResultFile(results_path)

    write(results_path, "one")  # let go of: usable again


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(BadConfig, match=r"results\.jsonl: cannot open the file of results"):
        ResultFile(tmp_path / "file" / "results.jsonl")


@pytest.mark.parametrize("room", [0, 1, 30])
def test_a_full_disk_is_a_fault_and_leaves_no_half_line(results_path: Path, room: int) -> None:
    with ResultFile(results_path) as file:
        file.append("one", Line("one"))
        whole = results_path.read_bytes()

        with full_disk(len(whole) + room), pytest.raises(Fault, match="cannot store a result"):
            file.append("two", Line("two"))
        assert "two" not in file
        assert results_path.read_bytes() == whole

        file.append("three", Line("three"))

    assert known(results_path, "one", "two", "three") == [True, False, True]


def test_the_descriptor_does_not_leak_when_the_start_fails(results_path: Path) -> None:
    results_path.write_bytes(b"not ours\nnot ours\n")
    before = len(list(Path("/proc/self/fd").iterdir()))

    with pytest.raises(BadConfig):
        ResultFile(results_path)

    assert len(list(Path("/proc/self/fd").iterdir())) == before
