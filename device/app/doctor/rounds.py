"""Every check in its order, and how they are gone through."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from device.app.doctor import identity, parts, stores, system
from device.app.doctor.case import CameraSeen, Case, OutboxTold, PanelTold, ReaderTold, Senses
from device.domain.errors import BadConfig, Fault, UketsukeError
from device.domain.finding import Finding, FindingCode
from device.wire.texts import Text

log = logging.getLogger(__name__)

Look = Callable[[Case], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked at."""

    name: str
    about: Text
    look: Look
    needs_config: bool = True


def _check(name: str, ja: str, en: str, look: Look) -> Check:
    about_the_machine = look.__module__ == system.__name__ or look is identity.configuration
    return Check(name, Text(ja=ja, en=en), look, needs_config=not about_the_machine)


CHECKS: Sequence[Check] = (
    _check("config", "設定ファイル", "the configuration", identity.configuration),
    _check("certificate", "証明書", "the certificate", identity.certificate),
    _check("key", "鍵と設定を読める人", "who may read keys and settings", identity.key_permissions),
    _check("sealing", "医療機関の公開鍵", "the clinic's key", identity.sealing_key),
    _check("people", "誰もが使えるか", "everybody can use it", identity.people),
    _check("models", "顔照合のネットワーク", "the networks, file by file", stores.models),
    _check("voice-files", "音声のファイル", "the voice's files", stores.voice_files),
    _check("state", "保存用のフォルダー", "the state folder", stores.state_folder),
    _check("outbox", "送信待ち", "the outbox", stores.outbox),
    _check("space", "ディスクの残り", "room on the disk", stores.disk_space),
    _check("writes", "ディスクへの書き込み", "writing to the disk", stores.disk_writes),
    _check("updates", "更新のあと", "what updates left", stores.updates),
    _check("clock", "時計", "the clock", parts.clock),
    _check("broker", "ブローカー", "the broker", parts.broker),
    _check("reader", "カードリーダー", "the card reader", parts.reader),
    _check("card", "置いてあるカード", "a card that lies there", parts.card),
    _check("camera", "カメラ", "the cameras", parts.camera),
    _check("exposure", "明るさ", "exposure", parts.exposure),
    _check("focus", "ピント", "focus", parts.focus),
    _check("keypad", "テンキーとその線", "the keypad, line by line", parts.keypad),
    _check("lamps", "ランプとブザー", "lamps and buzzer", parts.lamps),
    _check("speaker", "スピーカー", "the loudspeaker", parts.speaker),
    _check("display", "小さな画面", "the display", parts.display),
    _check("portrait", "写真を開くプログラムと囲い", "what opens the picture, and its sandbox", parts.sandbox),
    _check("wear", "SDカードの寿命", "wear of the disk", system.wear),
    _check("heat", "温度", "heat", system.heat),
    _check("power", "電源", "the power supply", system.power),
    _check("memory", "メモリー", "memory", system.memory),
    _check("swap", "スワップ", "swap", system.swap),
    _check("hardening", "端末の囲い", "the unit's own sandbox", system.hardening),
    _check("journal", "ログの限り", "the journal's bound", system.journal),
    _check("architecture", "機械とパッケージ", "machine and package", system.architecture),
    _check("versions", "版", "versions", system.versions),
    _check("packages", "パッケージの導入", "half-installed packages", system.packages),
)


@dataclass(frozen=True, slots=True)
class Told:
    """What one check came to; nothing found is well. `skipped` where there was no configuration to go by."""

    check: Check
    findings: tuple[Finding, ...]
    skipped: bool = False


def examine(case: Case, only: Collection[str] = (), progress: Callable[[Told], None] = lambda _: None) -> list[Told]:
    """Go through all checks, or those named. Each part is looked at once. Raise BadConfig for a name that is none."""
    known = [check.name for check in CHECKS]
    if unknown := [name for name in only if name not in known]:
        raise BadConfig(f"no check {unknown[0]!r}; there are {', '.join(known)}", where="--only")
    case = replace(case, parts=None if case.parts is None else _Once(case.parts))
    told = []
    for check in CHECKS:
        if not only or check.name in only:
            told.append(_look(check, case))
            progress(told[-1])
    return told


def _look(check: Check, case: Case) -> Told:
    if check.needs_config and isinstance(case.config, BadConfig):
        return Told(check, (), skipped=True)  # that there is none is the first check's finding
    try:
        return Told(check, tuple(check.look(case)))
    except UketsukeError as error:
        return Told(check, (Finding(FindingCode.CHECK_FAILED, check.name, str(error)),))
    except Exception as error:  # the doctor goes on to the next check, whatever broke in this one
        log.info("check %s", check.name, exc_info=True)
        return Told(check, (Finding(FindingCode.CHECK_FAILED, check.name, type(error).__name__),))


class _Once:
    """Senses that look once, however many checks ask."""

    def __init__(self, senses: Senses) -> None:
        self.reader: Callable[[], ReaderTold] = cache(senses.reader)
        self.cameras: Callable[[], Sequence[CameraSeen]] = cache(senses.cameras)
        self.panel: Callable[[], PanelTold] = cache(senses.panel)
        self.line: Callable[[], Fault | None] = cache(senses.line)
        self.outbox: Callable[[], OutboxTold] = cache(senses.outbox)
        self.sandbox: Callable[[], Fault | None] = cache(senses.sandbox)
        self.networks: Callable[[], Fault | None] = cache(senses.networks)
