"""What is shown to a spectator is what happens."""

from __future__ import annotations

import json

import pytest

from device.app.demo.fleet import play

pytestmark = pytest.mark.broker


def test_the_demonstration_goes_as_it_should(capsys: pytest.CaptureFixture[str]) -> None:
    assert play(units=5, as_json=True)

    told = json.loads(capsys.readouterr().out)
    steps = {step["step"]: step for step in told["steps"]}
    assert told["ok"]
    assert steps["import"]["units"] == 5
    assert "was used: its unit is active" in steps["reuse"]["words"]
    assert "there is no folder" in steps["rolled back"]["reason"]
    assert "1.0 in waves of 1, 1, 3" in steps["rollout"]["words"]
    assert (steps["gate"]["state"], steps["gate"]["versions"]) == ("rolled_back", ["1.0"])
    assert "a second person has to approve it" in steps["two people"]["words"]
    assert "refused and disconnected" in steps["revoke"]["words"]
    assert steps["page"]["address"].startswith("https://127.0.0.1:")
    assert {"shown_s", "took_s"} <= steps["revoke"].keys()
    assert (steps["audit"]["quarantined"], steps["audit"]["revoked"], steps["audit"]["decommissioned"]) == (1, 1, 1)
