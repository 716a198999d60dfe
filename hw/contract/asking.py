"""Runs a suite with pytest, in this process, because the unit's parts and the rig are held here."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import pytest

from hw.cards import CardBox
from hw.contract.parts import Parts
from hw.contract.suites import FOLDER, Suite
from hw.errors import CannotMeasure, HeldBack, RunStopped
from hw.rig.port import Rig
from hw.unit.port import UnitUnderTest

_HOUSE: Final = FOLDER.parents[1]
_OPTIONS: Final = (
    f"--rootdir={_HOUSE}",
    f"--config-file={_HOUSE / 'pyproject.toml'}",
    "--import-mode=importlib",
    "--override-ini=addopts=",
    # A driver of a real unit may warn of what is none of the sentence's business.
    "--override-ini=filterwarnings=default",
    "-Wignore::pytest.PytestAssertRewriteWarning",
    *(f"-pno:{name}" for name in ("terminal", "cacheprovider", "capture", "faulthandler", "randomly", "xdist", "cov")),
)


class Answer(StrEnum):
    """What became of a sentence."""

    KEPT = "kept"
    BROKEN = "broken"
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One promise, and whether it was kept."""

    text: str
    answer: Answer
    why: str = ""
    file: str = ""


@dataclass(slots=True, eq=False)
class Table:
    """A pytest plugin that asks of the table's parts alone, and writes down what they answered."""

    suite: Suite
    sentences: list[Sentence] = field(default_factory=list)
    stopped: RunStopped | None = None
    """What ends the run: rig, tester or unit gone, a card that is none of the bench's."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Ask the chosen kinds alone. As a mark, because that is what outweighs a fixture's own parameters."""
        for name, kinds in self.suite.asked_of.items():
            if name in metafunc.fixturenames:
                metafunc.definition.add_marker(pytest.mark.parametrize(name, kinds, indirect=True))

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out what asks nothing of them."""
        asked = [item for item in items if self.suite.asked_of.keys() & getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=[item for item in items if item not in asked])
        items[:] = asked

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self) -> Generator[None, Any, Any]:
        """Leave a sentence out where rig or unit cannot."""
        return (yield from self._or_left_out())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, Any, Any]:
        """Same."""
        return (yield from self._or_left_out())

    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Stop at what stops a run."""
        if call.excinfo is not None and isinstance(call.excinfo.value, RunStopped):
            self.stopped = call.excinfo.value
            item.session.shouldstop = str(self.stopped)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write a sentence down."""
        path, _, name = report.nodeid.rpartition("::")
        text, file = name.partition("[")[0].removeprefix("test_").replace("_", " "), path.rpartition("/")[2]
        if report.skipped:
            why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            self.sentences.append(Sentence(text, Answer.NOT_ASKED, why.removeprefix("Skipped: "), file))
        elif report.failed:
            self.sentences.append(Sentence(text, Answer.BROKEN, _last_words(report), file))
        elif report.when == "call":
            self.sentences.append(Sentence(text, Answer.KEPT, file=file))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A suite that cannot be read is a broken one."""
        if report.failed:
            self.sentences.append(Sentence(report.nodeid, Answer.BROKEN, _last_words(report)))

    def pytest_internalerror(self, excrepr: object) -> bool:
        """So is one that pytest itself fails on."""
        self.sentences.append(Sentence("the suite can be asked", Answer.BROKEN, str(excrepr).splitlines()[-1][:300]))
        return True

    def _or_left_out(self) -> Generator[None, Any, Any]:
        try:
            return (yield)
        except (CannotMeasure, HeldBack) as error:
            pytest.skip(str(error))


def ask(suite: Suite, unit: UnitUnderTest, rig: Rig, cards: CardBox) -> list[Sentence]:
    """Ask every sentence of a suite. Raise RunStopped where the run has to end."""
    table = Table(suite)
    with unit.scratch() as folder:
        pytest.main(
            [*_OPTIONS, f"--basetemp={folder / 'tests'}", *suite.paths], plugins=[table, Parts(unit, rig, cards)]
        )
    if table.stopped is not None:
        raise table.stopped
    return table.sentences


def _last_words(report: pytest.TestReport | pytest.CollectReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    words = str(report.longrepr) if crash is None else str(crash.message)
    return " ".join(words.split())[:300]
