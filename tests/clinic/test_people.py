from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.elements import RESULT_ELEMENTS, Group
from clinic.people import SHIPPED, load_people
from device.domain.certificate_window import certificate_state
from device.domain.errors import BadConfig
from device.domain.values import CertificateState
from device.wire.settings import MAX_BYTES

GOOD = """
[[person]]
serial = 7
shows = "valid"
certificate_expires_in_months = 12
QualificationValidity = "1"

[[person.ResultOfQualificationConfirmation]]
Name = "診療 太郎"
NameKana = "ｼﾝﾘｮｳ ﾀﾛｳ"
InsurerNumber = "  990013"
"""


def load(tmp_path: Path, text: str) -> str:
    """Return what is wrong with the file, without the folder in front."""
    path = tmp_path / "people.toml"
    path.write_text(text)
    with pytest.raises(BadConfig) as caught:
        load_people(path)
    return str(caught.value).removeprefix(f"{tmp_path}/")


def test_a_person_is_found_by_the_serial_of_their_certificate(tmp_path: Path) -> None:
    path = tmp_path / "people.toml"
    path.write_text(GOOD)

    [(serial, person)] = load_people(path).items()

    assert (serial, person.name, person.validity, person.registered) == (7, "診療 太郎", "1", True)
    assert person.results[0]["InsurerNumber"] == "  990013"


MISTAKES = {
    "person 1: serial: is missing": ("serial = 7\n", ""),
    "person 1: serial: must be of type int": ("serial = 7", "serial = true"),
    "person 1: serial: must be a number from 1 to": ("serial = 7", "serial = 0"),
    "person 1: no field 'shovs'; there are serial, shows,": ("shows =", "shovs ="),
    "person 1: certificate_expires_in_months: must be a number from -1200 to 1200": ("= 12", "= 99999"),
    "person 1: QualificationValidity: 資格有効性 must be one of 1, 2, 3": ('Validity = "1"', 'Validity = "8"'),
    "person 1: QualificationValidity: 資格有効性 must be one of": ('QualificationValidity = "1"', ""),
    "QualificationValidity 4 does not go with 1 results": ('Validity = "1"', 'Validity = "4"'),
    "QualificationValidity 5 does not go with 1 results": ('Validity = "1"', 'Validity = "5"'),
    "registered: results without a QualificationValidity": ('QualificationValidity = "1"\n', "registered = false\n"),
    "public_expense: must be one of valid, ended": ("serial = 7", 'serial = 7\npublic_expense = "maybe"'),
    "ResultOfQualificationConfirmation 1: no element 'Nome' in a result; there are Insured": ("Name =", "Nome ="),
    "Confirmation 1: NameKana: 氏名カナ must be half-width katakana": ("ｼﾝﾘｮｳ ﾀﾛｳ", "シンリョウ"),
    "InsurerNumber: 保険者番号 must be 8 characters, digits with leading blanks": ('"  990013"', '"990013"'),
    "InsurerNumber: every element is a string": ('"  990013"', "990013"),
    "people stand in [[person]], with two brackets": ("[[person]]", "[person]"),
    "no table ": ("[[person]]", "[[people]]"),
    "not a TOML file": ("serial = 7", "serial ="),
}


@pytest.mark.parametrize("problem", MISTAKES)
def test_a_mistake_in_the_file_is_named_with_its_person_and_field(tmp_path: Path, problem: str) -> None:
    good, bad = MISTAKES[problem]
    assert good in GOOD

    said = load(tmp_path, GOOD.replace(good, bad))

    assert said.startswith("people.toml: ")
    assert problem in said


def test_what_is_wrong_with_a_value_is_said_without_the_value(tmp_path: Path) -> None:
    assert "シンリョウ" not in load(tmp_path, GOOD.replace("ｼﾝﾘｮｳ ﾀﾛｳ", "シンリョウ"))


def test_two_people_with_one_certificate_are_a_mistake(tmp_path: Path) -> None:
    assert "person 2: serial: another person has the same serial" in load(tmp_path, GOOD + GOOD)


@pytest.mark.parametrize(
    "text", ["", "person = 3", "person = [3]", "[[person]]\nResultOfQualificationConfirmation = 3"]
)
def test_a_file_of_another_shape_is_a_mistake(tmp_path: Path, text: str) -> None:
    load(tmp_path, text)


def test_a_file_of_people_that_is_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="cannot read the people: No such file"):
        load_people(tmp_path / "nobody.toml")


def test_a_file_of_people_has_a_size_that_is_enough(tmp_path: Path) -> None:
    assert "the limit is" in load(tmp_path, "#" * (MAX_BYTES + 1))


def test_no_element_takes_nothing_or_a_line_break() -> None:
    for what in RESULT_ELEMENTS.values():
        for element in what.elements.values() if isinstance(what, Group) else [what]:
            assert not element.accepts("")
            assert not element.accepts("1\n")


@given(today=st.datetimes(datetime(2025, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  hypothesis adds the zone
def test_the_people_of_the_demonstration_never_grow_old(today: datetime) -> None:
    people = load_people(SHIPPED)
    states = {
        serial: certificate_state(person.certificate_not_after(today), today) for serial, person in people.items()
    }

    assert (states[1001], states[1006], states[1007], states[1008]) == (
        CertificateState.GOOD,
        CertificateState.EXPIRED,
        CertificateState.IN_GRACE,
        CertificateState.EXPIRES_SOON,
    )
