"""The steps in their order: papers, broker, reader, cameras, keypad, loudspeaker. Most of them ask nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from device.app.config import state_beside
from device.app.panel_check import KeyTrial
from device.app.setup.papers import CLINIC_KEY, CONFIG, Papers, copy_papers, find_papers, missing_papers
from device.app.setup.surroundings import KeypadAtHand, Surroundings
from device.domain.errors import BadConfig
from device.domain.values import SIMULATED_UNIT_PREFIX
from device.drivers.kept_file import write_whole
from device.ports.clock import Clock
from device.wire.texts import Text

STEPS = 6
PORT = 8883
AGAIN = Text(ja="つないだら Enter、なしで進むなら -", en="Enter when it is plugged in, - to go on without")


class Setup:
    """Asks on a terminal. Every answer may be empty: then the first thing offered is taken."""

    def __init__(
        self,
        folder: Path,
        surroundings: Surroundings,
        clock: Clock,
        *,
        ask: Callable[[str], str],
        say: Callable[[str], None],
        wait: Callable[[float], None],
    ) -> None:
        """`ask` shows a question and returns what was typed; `wait` lets seconds pass while keys are looked at."""
        self._folder = folder
        self._around = surroundings
        self._clock = clock
        self._ask = ask
        self._say = say
        self._wait = wait
        self._step = 0

    def run(self) -> Path:
        """Go through the steps; return the configuration that was written. Raise BadConfig where papers are no good."""
        identity = self._papers()
        name, (host, port) = identity.name, self._broker(identity)
        sections: dict[str, dict[str, object]] = {
            "unit": {"name": name, "state": state_beside(self._folder)},
            "broker": {"host": host, "port": port} | identity.broker,
            "clinic": {"sealing_key": CLINIC_KEY},
        }
        reader, (face, front), pad = self._reader(name), self._cameras(), self._keypad()
        sections["card"] = {"name": re.escape(reader) if reader else "", "front": front}
        sections["camera"] = {"source": face}
        sections["panel"] = {"kind": "gpio", "pad": pad} if pad else {}
        sections["voice"] = {"device": self._loudspeaker()}
        file = self._folder / CONFIG
        write_whole(file, _toml(sections).encode(), mode=0o640)
        return file

    # --- the steps ---------------------------------------------------------------------------------------------------

    def _papers(self) -> Papers:
        self._begin("証明書と鍵", "certificate and key")
        while (papers := find_papers(self._folder)) is None:
            self._say(f"  {self._folder} にありません / not in this folder: {', '.join(missing_papers(self._folder))}")
            given = self._ask("  登録のときに渡されたフォルダー / the folder that the site gave you: ").strip()
            if not given:
                raise BadConfig("without certificate and key there is no unit", where=str(self._folder))
            if not copy_papers(Path(given).expanduser(), self._folder):
                self._say(f"  ✗ {given}: 証明書も鍵もありません / no certificate and no key there")
        self._say(f"  ✓ {papers.name}")
        return papers

    def _broker(self, papers: Papers) -> tuple[str, int]:
        self._begin("ブローカー", "the broker")
        if papers.host:
            self._say(f"  ✓ {papers.host}:{papers.port}")
            return papers.host, papers.port
        chosen = self._choose([f"{one.host}:{one.port}" for one in self._around.brokers()])
        while not chosen:
            chosen = self._ask("  ブローカーの名前かIPアドレス / name or address of the broker: ").strip()
        host, _, port = chosen.rpartition(":") if re.search(r":\d+$", chosen) else (chosen, "", str(PORT))
        return host, int(port)

    def _reader(self, name: str) -> str:
        self._begin("カードリーダー", "the card reader")
        return self._await(partial(self._around.readers, simulated=name.startswith(SIMULATED_UNIT_PREFIX)))

    def _cameras(self) -> tuple[str, str]:
        self._begin("カメラ", "the cameras")
        found = list(self._around.cameras())
        if len(found) < 2:  # noqa: PLR2004  the visitor's and the card's
            self._say("  顔の照合にはカメラが二つ要ります。暗証番号で受け付けます。")
            self._say("  a face match takes two cameras; visits go by PIN")
            return "", ""
        self._say("  来訪者を見るカメラ / which sees the visitor?")
        face = self._choose(found)
        front = self._choose([one for one in found if one != face])
        return face, front

    def _keypad(self) -> str:
        self._begin("テンキー", "the keypad")
        with self._around.keypad() as at_hand:
            if at_hand is None:
                self._say(
                    "  見つかりません。この端末の画面とキーボードを使います / none; this terminal takes its place"
                )
                return ""
            return self._try_keys(at_hand)

    def _loudspeaker(self) -> str:
        self._begin("スピーカー", "the loudspeaker")
        device = self._around.loudspeaker()
        self._say(f"  ✓ {device}" if device else "  見つかりません / none")
        return device

    # --- how things are asked ----------------------------------------------------------------------------------------

    def _begin(self, ja: str, en: str) -> None:
        self._step += 1
        self._say(f"{self._step}/{STEPS} {ja} / {en}")

    def _await(self, look: Callable[[], Sequence[str]]) -> str:
        while not (found := look()):
            self._say("  見つかりません / none found")
            if self._ask(f"  {AGAIN.ja} / {AGAIN.en}: ").strip() == "-":
                return ""
        return self._choose(found)

    def _choose(self, offered: Sequence[str]) -> str:
        if len(offered) < 2:  # noqa: PLR2004  nothing to choose from
            if offered:
                self._say(f"  ✓ {offered[0]}")
            return offered[0] if offered else ""
        for number, one in enumerate(offered, start=1):
            self._say(f"  {number} {one}")
        while True:
            answer = self._ask("  番号 / number [1]: ").strip() or "1"
            if answer.isdecimal() and 1 <= int(answer) <= len(offered):
                return offered[int(answer) - 1]

    def _try_keys(self, at_hand: KeypadAtHand) -> str:
        for complaint in at_hand.wiring:
            self._say(f"  ✗ {complaint}")
        trial = KeyTrial(at_hand.keypad, self._clock, tell=self._say, wait=self._wait)
        seen = trial.press_all(at_hand.pad)
        if silent := [key for key, works in seen.items() if not works]:
            self._say(f"  ✗ {' '.join(silent)}: 押されたことが分かりません / not seen (docs/panel.md)")
        else:
            self._say("  ✓")
        return f"{len(at_hand.pad.rows)}x{at_hand.pad.columns}"


def _toml(sections: Mapping[str, Mapping[str, object]]) -> str:
    lines = ["# Written by `uketsuke setup`; `uketsuke config example` shows every option."]
    for section, options in sections.items():
        told = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in options.items() if value != ""]
        lines += ["", f"[{section}]", *told] if told else []
    return "\n".join(lines) + "\n"
