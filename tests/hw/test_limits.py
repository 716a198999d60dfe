from __future__ import annotations

import math
from pathlib import Path

import pytest

from hw.errors import BadLimits
from hw.limits import Limit, Limits, load_limits
from hw.plans import PLANS

GOOD = """\
[keypad.bounce_ms]
ja = "チャタリング"
en = "bounce"
unit = "ms"
upper = 25
reason = "a release takes thirty milliseconds"
source = "data sheet"
"""


def broken(tmp_path: Path, text: str) -> str:
    path = tmp_path / "limits.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadLimits) as refused:
        load_limits(path)
    return str(refused.value)


def test_every_plan_measures_only_what_has_a_limit(limits: Limits) -> None:
    for plan in PLANS.values():
        plan.check(limits)


def test_every_limit_is_measured_by_some_plan(limits: Limits) -> None:
    measured = {name for plan in PLANS.values() for phase in plan.phases for name in phase.measures}
    assert measured == set(limits.by_name)


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("upper = 25", "upper = '25'", "limits.toml:5: [keypad.bounce_ms] 'upper' has to be a number, not '25'"),
        ("upper = 25", "upper = true", "limits.toml:5: [keypad.bounce_ms] 'upper' has to be a number, not True"),
        ("upper = 25", "upper = inf", "limits.toml:5: [keypad.bounce_ms] 'upper' has to be a finite number"),
        ("upper = 25", "uper = 25", "limits.toml:5: [keypad.bounce_ms] there is no option 'uper'"),
        ("upper = 25", "", "limits.toml:1: [keypad.bounce_ms] neither 'lower' nor 'upper'"),
        ("upper = 25", "upper = 25\nlower = 26", "limits.toml:6: [keypad.bounce_ms] 'lower' 26 is above 'upper' 25"),
        ('unit = "ms"', 'unit = "minutes"', "limits.toml:4: [keypad.bounce_ms] there is no unit 'minutes'"),
        ('source = "data sheet"', "", "limits.toml:1: [keypad.bounce_ms] 'source' is missing"),
        ('source = "data sheet"', 'source = " "', "limits.toml:7: [keypad.bounce_ms] 'source' is empty"),
        ("a release takes thirty milliseconds", "because", "limits.toml:6: [keypad.bounce_ms] 'because' says too"),
        ("[keypad.bounce_ms]", "[keypad]", "limits.toml:1: [keypad] limits stand in tables of two names"),
        ('en = "bounce"', 'en = "bounce', "limits.toml: Illegal character"),
        (GOOD, "", "limits.toml: holds no limit"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_limits_is_named_with_its_line(tmp_path: Path, was: str, becomes: str, said: str) -> None:
    assert said in broken(tmp_path, GOOD.replace(was, becomes))


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace('unit = "ms"', 'unit = "x"').replace("upper = 25", "")
    assert len(broken(tmp_path, text).splitlines()) == 2


def test_limits_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadLimits, match="cannot be read"):
        load_limits(tmp_path / "none.toml")


def test_a_bound_itself_is_allowed_and_no_number_is_not(limits: Limits) -> None:
    bounce: Limit = limits["keypad.bounce_ms"]
    assert bounce.upper is not None
    assert bounce.holds(bounce.upper)
    assert not bounce.holds(bounce.upper + 0.01)
    assert not bounce.holds(math.nan)
    assert bounce.is_near(bounce.upper - 0.5, 1.0)
    assert not bounce.is_near(bounce.upper - 2.0, 1.0)
