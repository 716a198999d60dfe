"""A whole unit under a simulated clock, with the real gateway and the real consumer behind a broker in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from joserfc.jwk import ECKey

from clinic.gateway import Gateway
from clinic.inquiry import SIGNED, GatewayPolicy, Inquiry
from clinic.intake import Consumer
from clinic.keys import PRIVATE_NAME, KeyRing, make_key_pair
from clinic.people import InstitutionSettings, load_people
from clinic.services import hear_asks, hear_results
from clinic.stand_in import StandInService
from clinic.store import Store
from clinic.store_file import read_records
from clinic.units import Units
from device.app.assets.place import MODELS_DIR
from device.app.attendant import hash_passcode
from device.app.face_models import load_engine
from device.app.world import FaceWorks, World
from device.domain.secrets import Passcode
from device.domain.values import Assurance, CardKind, UnitId
from device.drivers.portrait import SandboxedPortraitDecoder
from device.face.manifest import Threshold
from device.reception.states import Asking
from device.sim.card import CardAuthority, CardFrontPrint, Misbehaviour, SimulatedCard
from device.sim.card_trust import simulated_trust
from device.sim.clock import SimulatedClock
from device.sim.entropy import SeededEntropy
from device.sim.line import MemoryBroker
from device.sim.portrait import Photo, card_portrait, load_photo
from device.sim.staged import StagedCamera, StagedDecoder, StagedEngine
from device.wire import topics
from device.wire.sealing import Signer
from device.wire.services import CONSUMER, GATEWAY
from provisioning.pki import SiteAuthority

UNIT = "sim-0001"
WELL_BEHAVED = Misbehaviour()


@pytest.fixture(scope="session")
def face_works() -> Iterator[FaceWorks]:
    """The real detector, embedder and sandbox."""
    engine, threshold = load_engine(MODELS_DIR)
    with SandboxedPortraitDecoder() as decoder:
        yield FaceWorks(engine, threshold, decoder)


@pytest.fixture(scope="session")
def photo() -> Callable[[str], Photo]:
    """A photo by its name in models/photos.toml."""
    return lambda name: load_photo(MODELS_DIR, name)


@pytest.fixture(scope="session")
def card_authority() -> CardAuthority:
    return CardAuthority()


@pytest.fixture
def make_card(card_authority: CardAuthority) -> Callable[..., SimulatedCard]:
    """Make the card of somebody of the stand-in's list, by certificate serial."""
    today = datetime.now(UTC)
    people = load_people()

    def make(
        serial: int = 1001,
        *,
        portrait: Photo | bytes | None = None,
        pin_tries: int = 3,
        reference_number_tries: int = 10,
        kind: CardKind = CardKind.PLASTIC,
        misbehaviour: Misbehaviour = WELL_BEHAVED,
        authority: CardAuthority = card_authority,
        knows_stand_in: bool = True,
    ) -> SimulatedCard:
        not_after = people[serial].certificate_not_after(today)
        return SimulatedCard(
            authority.issue(serial=serial, not_before=not_after - timedelta(days=1800), not_after=not_after),
            front=CardFrontPrint(date(1974, 4, 2), date(2035, 4, 2), "2285"),
            portrait=card_portrait(portrait) if isinstance(portrait, Photo) else portrait,
            pin_tries=pin_tries,
            reference_number_tries=reference_number_tries,
            kind=kind,
            misbehaviour=misbehaviour,
            knows_stand_in=knows_stand_in,
        )

    return make


@pytest.fixture(scope="session")
def passcode() -> str:
    """What an attendant types before `#`."""
    return "482913"


@pytest.fixture(scope="session")
def kept(passcode: str) -> dict[str, str]:
    """What the configuration keeps of it."""
    return {"desk-1": hash_passcode(Passcode(passcode.encode()))}


@dataclass(slots=True)
class Clinic:
    """What the clinic has."""

    broker: MemoryBroker
    clock: SimulatedClock
    file: Path
    key: ECKey
    asks: list[bytes] = field(default_factory=list)

    @property
    def results(self) -> list[dict[str, Any]]:
        return [json.loads(record) for record in read_records(self.file)]

    @property
    def last(self) -> dict[str, Any]:
        return self.results[-1]


@pytest.fixture
def clinic_asks() -> dict[str, Any]:
    """What differs in this clinic's questions (`InstitutionSettings`); a test names its own by parametrizing."""
    return {}


@pytest.fixture
def clinic_accepts() -> frozenset[Assurance] | None:
    """What this clinic accepts; None for signatures and attendants."""
    return None


@pytest.fixture
def clinic_ahead() -> timedelta:
    """By how much the clinic's clock goes before the unit's."""
    return timedelta()


@pytest.fixture
def clinic(
    tmp_path: Path,
    authority: SiteAuthority,
    card_authority: CardAuthority,
    signer_of: Callable[[str], Signer],
    clinic_asks: dict[str, Any],
    clinic_accepts: frozenset[Assurance] | None,
    clinic_ahead: timedelta,
) -> Iterator[Clinic]:
    """The gateway with the stand-in service and the consumer, on a broker in memory."""
    make_key_pair(tmp_path)
    keys = KeyRing(tmp_path / PRIVATE_NAME, private=True)
    clock = SimulatedClock(datetime.now(UTC))
    broker = MemoryBroker(clock)
    anchor = x509.load_pem_x509_certificate(card_authority.certificate_pem)
    inquiry = Inquiry(
        GatewayPolicy(
            institution_code="9999999999",
            anchors=(anchor,),
            accept=SIGNED | {Assurance.ATTENDANT} if clinic_accepts is None else clinic_accepts,
            questions=InstitutionSettings(**clinic_asks),
        ),
        StandInService(load_people()),
        keys=keys,
        consumer_key=keys,
        signer=signer_of(GATEWAY),
    )
    gateway = Gateway(inquiry, token=SeededEntropy(7).token)
    path = tmp_path / "clinic.sqlite"
    with ExitStack() as stack:
        store = stack.enter_context(Store(path))
        consumer = Consumer(
            store,
            authority=authority.certificate,
            keys=keys,
            branch=topics.SIMULATION_ROOT,
        )
        clinic = Clinic(broker, clock, path, keys.current)
        for leaf, hear in (
            (topics.Up.ASK, hear_asks(gateway, Units(store.changes), signer_of(GATEWAY))),
            (topics.Up.RESULT, hear_results(consumer, signer_of(CONSUMER))),
        ):

            def handle(unit: UnitId, payload: bytes, hear: Any = hear, leaf: topics.Up = leaf) -> None:  # noqa: ANN401
                if leaf is topics.Up.ASK:
                    clinic.asks.append(payload)
                said = hear(unit, payload, clock.utc_now() + clinic_ahead)
                if said is not None:
                    broker.publish(said.topic, said.payload)

            broker.host(leaf, handle)
        yield clinic


@pytest.fixture
def stage(clinic: Clinic) -> StagedCamera:
    """Where anything can happen before the camera, without photos and networks."""
    return StagedCamera(clinic.clock)


@pytest.fixture
def staged_works(stage: StagedCamera) -> FaceWorks:
    """A face path whose pictures are those of the stage; what follows the pictures is real."""
    threshold = Threshold(accept=0.5, retry=0.3, provenance="made up, as the scores of the stage are")
    return FaceWorks(StagedEngine(), threshold, StagedDecoder(), camera=stage)


@pytest.fixture
def build_world(
    clinic: Clinic,
    authority: SiteAuthority,
    signer_of: Callable[[str], Signer],
    face_works: FaceWorks,
    card_authority: CardAuthority,
) -> Callable[..., World]:
    """A unit before the clinic's broker; keyword arguments are those of `World`."""

    def build(**changes: Any) -> World:  # noqa: ANN401  whatever World takes
        parts: dict[str, Any] = {"face": face_works, "trust": simulated_trust(card_authority)} | changes
        return World(
            broker=clinic.broker,
            clock=clinic.clock,
            signer=signer_of(UNIT),
            authority=authority.certificate,
            clinic_key=clinic.key,
            **parts,
        )

    return build


@pytest.fixture
def world(build_world: Callable[..., World]) -> World:
    return build_world()


@pytest.fixture
def last_result(clinic: Clinic) -> Callable[[], dict[str, Any]]:
    """What the clinic got last."""
    return lambda: clinic.last


@pytest.fixture
def all_results(clinic: Clinic) -> Callable[[], list[dict[str, Any]]]:
    """Everything that the clinic got."""
    return lambda: clinic.results


@pytest.fixture
def broker(clinic: Clinic) -> MemoryBroker:
    """The broker in memory, in place of the real one."""
    return clinic.broker


@pytest.fixture
def visit_by_face(make_card: Callable[..., SimulatedCard], photo: Callable[[str], Photo]) -> Callable[..., None]:
    """Everything goes well, up to the answer; every question gets a yes."""

    def visit(world: World, serial: int = 1001) -> None:
        world.show(photo("obama2"))
        world.place(make_card(serial, portrait=photo("obama")))
        while isinstance(world.state, Asking):
            world.type_keys("#")

    return visit
