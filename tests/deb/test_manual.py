"""The man pages follow the commands, and the reader of man pages has nothing to complain of."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from deb import roff
from deb.layout import HOUSE
from deb.manual import pages
from device.app.config_words import options

PAGES = pages("uketsuke 1.0-1+deb12", 1_790_000_000)


def test_there_is_a_page_for_the_program_for_each_command_and_for_the_configuration() -> None:
    assert {"uketsuke.1", "uketsuke-run.1", "uketsuke-card.1", "uketsuke-unit.toml.5"} <= set(PAGES)
    for name in PAGES:
        if name.startswith("uketsuke-") and name.endswith(".1"):
            assert roff.escaped(name.removesuffix(".1")) in PAGES["uketsuke.1"]


def test_every_option_of_the_configuration_is_told() -> None:
    for option in options():
        assert roff.bold(option.key.partition(".")[2]) in PAGES["uketsuke-unit.toml.5"], option.key


@pytest.mark.parametrize("name", PAGES)
def test_no_page_names_a_place_of_the_machine_that_built_it(name: str) -> None:
    assert roff.escaped(str(HOUSE)) not in PAGES[name]
    assert str(HOUSE) not in PAGES[name]


@pytest.mark.skipif(shutil.which("groff") is None, reason="no groff on this machine")
@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_set_without_a_warning(name: str) -> None:
    done = subprocess.run(
        ["groff", "-k", "-ww", "-man", "-Tutf8"], input=PAGES[name].encode(), capture_output=True, check=False
    )
    assert (done.returncode, done.stderr.decode()) == (0, "")


def test_what_roff_would_take_for_a_command_is_printed() -> None:
    assert roff.escaped(".unit\n'a \\ `b-c`") == "\\&.unit\n\\(aqa \\e \\fBb\\-c\\fP"
