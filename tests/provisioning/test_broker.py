from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from device.domain.errors import BadConfig
from device.wire import topics
from device.wire.codec import MAX_BYTES
from provisioning.broker import (
    CLAIM_MOUNT,
    FLEET_SAVE_S,
    Branch,
    ClaimListener,
    Setting,
    SiteBroker,
    admin_listener,
    claim_listener,
    common,
    device_listener,
    grants,
    render_access_list,
    render_settings,
    settings,
    write_configuration,
)

SMUGGLED = "x\nallow_anonymous true"


def options(lines: Iterable[Setting]) -> dict[str, str]:
    return {line.option: line.value for line in lines if line.option != "log_type"}


@pytest.mark.parametrize("listener", [device_listener, admin_listener])
def test_nobody_comes_in_without_a_name_of_this_site(
    site_broker: SiteBroker, listener: Callable[[SiteBroker], Iterable[Setting]]
) -> None:
    chosen = options(listener(site_broker))

    assert chosen["require_certificate"] == chosen["use_identity_as_username"] == "true"
    assert chosen["cafile"] == str(site_broker.authority)
    assert chosen["crlfile"] == str(site_broker.revoked)


def test_there_is_no_other_way_in(site_broker: SiteBroker) -> None:
    lines = settings(site_broker)

    assert [line.value for line in lines if line.option == "listener"] == ["8883 127.0.0.1", "8884 127.0.0.1"]
    assert options(lines)["allow_anonymous"] == "false"
    assert not {"password_file", "plugin", "bridge"} & set(options(lines))


def test_on_the_claims_listener_another_authority_counts_and_every_topic_is_moved(site_broker: SiteBroker) -> None:
    claims = ClaimListener(port=8885, authority=Path("claims.cert.pem"))
    chosen = options(claim_listener(replace(site_broker, claims=claims)))

    assert chosen["cafile"] == "claims.cert.pem"
    assert chosen["mount_point"] == CLAIM_MOUNT
    assert chosen["require_certificate"] == chosen["use_username_as_clientid"] == "true"
    assert claim_listener(site_broker) == ()


def test_a_client_id_is_free_on_this_machine_alone(site_broker: SiteBroker) -> None:
    elsewhere = replace(site_broker, address="192.0.2.7")

    assert options(device_listener(elsewhere))["use_username_as_clientid"] == "true"
    assert "use_username_as_clientid" not in options(admin_listener(elsewhere))
    assert options(admin_listener(elsewhere))["listener"] == "8884 127.0.0.1"


def test_two_listeners_want_two_ports(site_broker: SiteBroker) -> None:
    with pytest.raises(BadConfig, match="two listeners want one port"):
        settings(replace(site_broker, admin_port=8883))


def test_a_killed_broker_and_a_slow_socket_cost_nothing(site_broker: SiteBroker) -> None:
    chosen = options(common(site_broker))

    assert (chosen["persistence"], chosen["autosave_on_changes"], chosen["autosave_interval"]) == ("true", "true", "1")
    assert chosen["set_tcp_nodelay"] == "true"
    assert int(chosen["max_packet_size"]) > MAX_BYTES


def test_a_fleet_s_broker_does_not_save_everything_at_every_word(site_broker: SiteBroker) -> None:
    chosen = options(common(replace(site_broker, save_s=FLEET_SAVE_S)))

    assert chosen["persistence"] == "true"
    assert (chosen["autosave_on_changes"], chosen["autosave_interval"]) == ("false", "30")


def test_every_line_stands_below_its_reason(site_broker: SiteBroker) -> None:
    lines = render_settings(site_broker).splitlines()

    for setting in settings(site_broker):
        assert lines[lines.index(f"{setting.option} {setting.value}") - 1].startswith("# ")


def test_the_account_is_named_only_where_root_starts_the_broker(site_broker: SiteBroker) -> None:
    assert "user" not in options(common(site_broker))
    assert options(common(replace(site_broker, run_as="mosquitto")))["user"] == "mosquitto"


@pytest.mark.parametrize("branch", Branch)
def test_a_broker_grants_its_own_branch_and_no_other(branch: Branch) -> None:
    [other] = set(Branch) - {branch}

    claims = f"{CLAIM_MOUNT}{topics.CLAIM_ROOT}/"
    assert all(grant.topic.startswith((f"{branch}/", claims)) for grant in grants(branch))
    assert other.value not in render_access_list(branch)


def test_the_access_list_says_who_may_do_what() -> None:
    lines = [line for line in render_access_list(Branch.PRODUCTION).splitlines() if line and not line.startswith("#")]

    assert lines == [
        "user clinic-gateway",
        "topic read reader/v1/unit/+/up/ask",
        "topic write reader/v1/unit/+/down/answer",
        "topic read reader/v1/unit/+/up/status",
        "user clinic-consumer",
        "topic read reader/v1/unit/+/up/result",
        "topic read reader/v1/unit/+/up/status",
        "topic write reader/v1/unit/+/down/receipt",
        "user fleet-service",
        "topic read reader/v1/unit/+/up/status",
        "topic read reader/v1/unit/+/up/health",
        "topic read reader/v1/unit/+/up/twin",
        "topic read reader/v1/unit/+/up/job",
        "topic read reader/v1/unit/+/up/diag",
        "topic read reader/v1/unit/+/up/csr",
        "topic write reader/v1/unit/+/down/twin",
        "topic write reader/v1/unit/+/down/job",
        "topic write reader/v1/unit/+/down/command",
        "topic write reader/v1/unit/+/down/cert",
        "topic read claims/reader/v1/claim/+/req",
        "topic write claims/reader/v1/claim/+/res",
        "pattern write claims/reader/v1/claim/%u/req",
        "pattern read claims/reader/v1/claim/%u/res",
        "pattern write reader/v1/unit/%u/up/#",
        "pattern read reader/v1/unit/%u/down/#",
    ]


@pytest.mark.parametrize("port", [0, -1, 65_536])
def test_a_port_that_is_none_is_refused(site_broker: SiteBroker, port: int) -> None:
    with pytest.raises(BadConfig, match="is not between 1 and 65535"):
        settings(replace(site_broker, port=port))


@pytest.mark.parametrize(
    "smuggle",
    [
        lambda site: replace(site, address=SMUGGLED),
        lambda site: replace(site, run_as=SMUGGLED),
        lambda site: replace(site, authority=Path(SMUGGLED)),
        lambda site: replace(site, certificate=Path(SMUGGLED)),
        lambda site: replace(site, key=Path(SMUGGLED)),
        lambda site: replace(site, data=Path(SMUGGLED)),
        lambda site: replace(site, access_list=Path(SMUGGLED)),
        lambda site: replace(site, revoked=Path(SMUGGLED)),
        lambda site: replace(site, pid_file=Path(SMUGGLED)),
        lambda site: replace(site, claims=ClaimListener(port=8885, authority=Path(SMUGGLED))),
        lambda site: replace(site, claims=ClaimListener(port=8885, authority=Path("x"), address=SMUGGLED)),
    ],
)
def test_no_value_smuggles_in_another_option(
    site_broker: SiteBroker, smuggle: Callable[[SiteBroker], SiteBroker]
) -> None:
    with pytest.raises(BadConfig, match="control character"):
        settings(smuggle(site_broker))


def test_both_files_are_written(site_broker: SiteBroker, tmp_path: Path) -> None:
    write_configuration(site_broker, tmp_path / "mosquitto.conf")

    assert (tmp_path / "mosquitto.conf").read_text() == render_settings(site_broker)
    assert site_broker.access_list.read_text() == render_access_list(Branch.PRODUCTION)
