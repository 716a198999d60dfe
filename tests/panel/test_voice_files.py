"""Every sentence has a recording: there, of a sensible length, equally loud. `make setup` made them."""

from __future__ import annotations

import shutil
import subprocess
import wave
from pathlib import Path

import msgspec
import numpy as np
import pytest

from device.app.voice_files import FILES, RECIPE, Built, absent, build, load_recipe, reading
from device.domain.errors import BadConfig, Fault
from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.domain.values import ConsentItem
from device.drivers.speech_engines import espeak_ng, open_jtalk
from device.panel.speech import RATE_HZ, file_name, speech_level
from device.wire.phrases import say_in_breaths
from device.wire.reasons import entry
from device.wire.sayings import Saying, sayings

EVERYTHING = list(sayings())
SPEED = {"ja": (3.0, 11.0), "en": (8.0, 22.0)}
"""Characters in a second: slower is a drone, faster is a rattle."""


@pytest.fixture(scope="module")
def files() -> Path:
    """The recordings; what a changed sentence lacks is made now."""
    build(RECIPE, lambda _: None)
    return RECIPE.parent / FILES


def recorded(files: Path, saying: Saying) -> tuple[float, np.ndarray]:
    with wave.open(str(files / file_name(saying.language, saying.text))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE_HZ)
        pcm = file.readframes(file.getnframes())
    samples = np.frombuffer(pcm, dtype="<i2") / 32768
    return len(samples) / RATE_HZ, samples


def test_every_phrase_and_every_reason_has_a_recording_in_both_languages(files: Path) -> None:
    assert absent(files) == []
    for language in ("ja", "en"):
        for reason in Reason:
            text = entry(reason).patient.say(language, tries_left=2)
            assert (files / file_name(language, text)).is_file()
        for phrase in Phrase:
            items = (ConsentItem.MEDICATION, ConsentItem.OPERATION, ConsentItem.CHECKUP)
            for text in say_in_breaths(phrase, language, tries_left=3, items=items):
                assert (files / file_name(language, text)).is_file()


def test_recordings_are_neither_drones_nor_rattles_nor_empty(files: Path) -> None:
    for saying in EVERYTHING:
        seconds, _ = recorded(files, saying)
        slow, fast = SPEED[saying.language]
        assert len(saying.text) / fast < seconds + 0.3, saying.text
        assert seconds < len(saying.text) / slow + 1.0, saying.text


def test_recordings_are_equally_loud_and_never_clipped(files: Path) -> None:
    recipe = load_recipe(RECIPE)
    for saying in EVERYTHING:
        _, samples = recorded(files, saying)
        peak = 20 * np.log10(np.abs(samples).max())
        level = 20 * np.log10(speech_level(samples))
        assert peak <= recipe.peak_dbfs + 0.01
        # Which frames count as speech depends on the level itself, so a sentence may come out a trifle louder.
        assert level <= recipe.speech_dbfs + 0.25
        assert level >= recipe.speech_dbfs - 0.1 or peak == pytest.approx(recipe.peak_dbfs, abs=0.1), saying.text
        assert level >= recipe.speech_dbfs - 3.0, saying.text


@pytest.mark.usefixtures("files")
def test_a_second_build_makes_nothing() -> None:
    assert build(RECIPE, lambda _: None) == Built(len(EVERYTHING), 0, 0)


def test_a_lost_recording_is_made_again_and_a_stale_one_removed(files: Path, tmp_path: Path) -> None:
    home = copy_of(files, tmp_path)
    first = EVERYTHING[0]
    lost = home / FILES / file_name(first.language, first.text)
    before = lost.read_bytes()
    lost.unlink()
    (home / FILES / "ja-0123.wav").write_bytes(b"")
    assert absent(home / FILES) == [first]

    assert build(home / RECIPE.name, lambda _: None) == Built(len(EVERYTHING), 1, 1)

    assert lost.read_bytes() == before, "the same sentence sounds the same"


def test_what_the_voice_does_not_read_by_itself_is_told_to_it() -> None:
    readings = load_recipe(RECIPE).japanese.readings

    assert reading("やめるときは米印を押してください。", readings) == "やめるときはこめじるしを押してください。"
    assert reading("係の方は、ほかの方法で", readings) == "係のかたは、ほかの方法で"
    assert reading("aab", {"a": "1", "aa": "2"}) == "2b"


@pytest.mark.parametrize(
    ("sentence", "heard"),
    [
        ("米印を押して", "コメジルシ"),
        ("係の方は、", "カタワ"),
        ("ほかの方のお顔も", "カタノ"),
        ("カードの表の文字", "オモテ"),
        ("同じ人なら", "オナジヒ’トナラ"),
        ("ほかの方法で", "ホーホー"),
        ("4けたの", "ヨンケタ"),
        ("あと1回です", "イッカイ"),
        ("あと3回", "サンカイ"),
    ],
)
def test_words_and_counts_are_read_as_people_say_them(sentence: str, heard: str, tmp_path: Path) -> None:
    recipe = load_recipe(RECIPE).japanese
    voice, trace = RECIPE.parent / "voices" / recipe.voice, tmp_path / "trace"
    subprocess.run(
        ["open_jtalk", "-x", recipe.dictionary, "-m", str(voice), "-ot", str(trace)],
        input=reading(sentence, recipe.readings).encode(),
        check=True,
    )
    analysis = trace.read_text(encoding="utf-8").split("[Output label]")[0]
    kana = "".join(line.split(",")[9] for line in analysis.splitlines() if line.count(",") > 9)
    assert heard in kana


def test_a_changed_reading_concerns_its_own_sentences_and_no_others() -> None:
    recipe = load_recipe(RECIPE)
    japanese = msgspec.structs.replace(recipe.japanese, readings={**recipe.japanese.readings, "米印": "ほしじるし"})
    changed = msgspec.structs.replace(recipe, japanese=japanese)

    anew = [saying for saying in EVERYTHING if recipe.digest(saying) != changed.digest(saying)]

    assert anew
    assert anew == [saying for saying in EVERYTHING if "米印" in saying.text]


def test_no_sentence_spells_out_what_a_key_was() -> None:
    # Counts are spoken; digits that somebody typed are in no sentence, so there is nothing to play for them.
    for saying in EVERYTHING:
        digits = {character for character in saying.text if character.isdigit()}
        assert digits <= set("12345"), saying.text


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [("speech_dbfs", "speech_db", "speech_db"), ("-18.0", "3.0", "speech_dbfs"), ("[english]", "[french]", "french")],
)
def test_a_mistake_in_the_recipe_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "voice.toml"
    path.write_text(RECIPE.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")

    with pytest.raises(BadConfig, match=said):
        load_recipe(path)


def test_a_voice_that_is_not_the_promised_one_is_refused(tmp_path: Path) -> None:
    shutil.copy(RECIPE, tmp_path)
    recipe = load_recipe(RECIPE)
    assert recipe.japanese.source.member_sha256 == msgspec.structs.replace(recipe).japanese.source.member_sha256

    def other(_: object, folder: Path) -> Path:
        archive = folder / "other.whl"
        archive.write_bytes(b"something else")
        return archive

    with pytest.raises(Fault):
        build(tmp_path / RECIPE.name, lambda _: None, get=other)


def test_without_an_engine_the_build_says_which_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Fault, match="open_jtalk is not installed"):
        open_jtalk("はい。", dictionary="x", voice=Path("x"), speed=1.0)
    with pytest.raises(Fault, match="espeak-ng is not installed"):
        espeak_ng("Yes.", voice="en", words_per_minute=150, pitch=50)


def test_an_engine_that_gives_no_sound_is_told() -> None:
    with pytest.raises(Fault, match=r"no sound|ended with"):
        open_jtalk("はい。", dictionary="nowhere", voice=Path("nowhere"), speed=1.0)


def copy_of(files: Path, folder: Path) -> Path:
    shutil.copy(RECIPE, folder)
    (folder / FILES).mkdir()
    for path in files.iterdir():
        (folder / FILES / path.name).hardlink_to(path)
    (folder / "voices").symlink_to(RECIPE.parent / "voices")
    return folder
