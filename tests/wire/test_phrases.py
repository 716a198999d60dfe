from __future__ import annotations

import re

import pytest

from device.domain.errors import BadConfig
from device.domain.prompts import Phrase
from device.domain.values import ConsentItem
from device.wire.phrases import consent_item_name, parse, phrasebook, say, say_in_breaths
from device.wire.texts import LANGUAGES, Sentence, Text, joined, read_file, values_of

TAKES = {
    Phrase.ENTER_PIN: {"tries_left"},
    Phrase.ASK_CONSENT: {"items"},
    Phrase.ASK_CONSENT_BY_CARD: {"items"},
    Phrase.READ_BACK: {"items"},
}


@pytest.mark.parametrize("phrase", Phrase)
def test_every_phrase_is_there_in_both_languages_and_takes_what_the_visit_gives(phrase: Phrase) -> None:
    text = phrasebook().phrases[phrase]

    assert values_of(text.ja) == values_of(text.en) == TAKES.get(phrase, set())
    assert re.search(r"[ぁ-ん]", text.ja)
    assert text.en.isascii()


@pytest.mark.parametrize("phrase", Phrase)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_visit_may_hand_over_more_than_a_phrase_takes(phrase: Phrase, language: str) -> None:
    said = say(phrase, language, tries_left=3, items=(ConsentItem.MEDICATION,), reception="x")

    assert not re.search(r"[{}]", said)
    if not TAKES.get(phrase):
        assert said == say(phrase, language) == say(phrase, language, tries_left=None, items=())


def test_the_tries_left_are_told_before_the_pin() -> None:
    assert say(Phrase.ENTER_PIN, "ja", tries_left=3) == (
        "4けたの暗証番号を入れて、シャープを押してください。あと3回できます。"
    )
    assert say(Phrase.ENTER_PIN, "en", tries_left=2).endswith("Tries left: 2.")


@pytest.mark.parametrize(
    ("items", "ja", "en"),
    [
        ([ConsentItem.MEDICATION], "お薬の情報を", "your medication?"),
        ([ConsentItem.MEDICATION, ConsentItem.CHECKUP], "お薬の情報、健診の情報を", "medication and health check-ups?"),
        (
            [ConsentItem.MEDICATION, ConsentItem.DIAGNOSIS, ConsentItem.OPERATION, ConsentItem.CHECKUP],
            "お薬の情報、診療の情報、手術の情報、健診の情報を",
            "medication, treatment, operations and health",
        ),
    ],
)
def test_consent_is_asked_for_by_name_in_the_order_given(items: list[ConsentItem], ja: str, en: str) -> None:
    for asked in (items, tuple(items)):
        assert ja in say(Phrase.ASK_CONSENT, "ja", items=asked)
        assert en in say(Phrase.ASK_CONSENT, "en", items=asked)


@pytest.mark.parametrize("phrase", Phrase)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("count", range(1, len(ConsentItem) + 1))
def test_breaths_put_together_are_the_sentence(phrase: Phrase, language: str, count: int) -> None:
    items = tuple(ConsentItem)[:count]
    breaths = say_in_breaths(phrase, language, tries_left=2, items=items)

    assert joined(breaths, language) == say(phrase, language, tries_left=2, items=items)
    assert len(breaths) == (count + 1 if "items" in TAKES.get(phrase, set()) else 1)
    assert all(breaths)


@pytest.mark.parametrize("phrase", [Phrase.LOOK_AT_CAMERA, Phrase.ENTER_PIN, Phrase.LAST_TRY, Phrase.ASK_CONSENT])
def test_a_question_says_which_key_answers_it(phrase: Phrase) -> None:
    text = phrasebook().phrases[phrase]

    assert "シャープ" in text.ja
    assert "hash" in text.en


@pytest.mark.parametrize("values", [{}, {"items": ()}, {"items": None}, {"tries_left": 3}])
def test_a_value_that_is_missing_is_never_spoken_as_nothing(values: dict[str, object]) -> None:
    with pytest.raises(KeyError, match="items"):
        say(Phrase.ASK_CONSENT, "ja", **values)


@pytest.mark.parametrize("language", ["", "fr", "JA", "__class__", "say"])
def test_a_language_that_the_unit_does_not_speak_is_refused(language: str) -> None:
    with pytest.raises(ValueError, match="there is ja, en"):
        say(Phrase.TAKE_CARD, language)
    with pytest.raises(ValueError, match="there is ja, en"):
        consent_item_name(ConsentItem.CHECKUP, language)


def test_every_consent_item_has_a_name_of_its_own() -> None:
    for language in LANGUAGES:
        assert len({consent_item_name(item, language) for item in ConsentItem}) == len(ConsentItem)


def test_a_broken_phrasebook_is_refused_with_entry_and_field() -> None:
    broken = read_file("phrases.toml").replace('en = "treatment"', 'fr = "soins"')

    with pytest.raises(BadConfig, match=r"phrases\.toml: \[consent_items\.SRJ\]: .*`(en|fr)`"):
        parse(broken)


def test_a_text_refuses_languages_that_take_different_values() -> None:
    with pytest.raises(ValueError, match="the same values"):
        Text(ja="あと{tries_left}回", en="Tries left")


def test_a_sentence_is_said_in_any_language_and_stands_in_logs_in_english() -> None:
    taken = Sentence(Text(ja="{name} はもうあります。", en="{name} is there already"), {"name": "taro"})

    assert taken.say("ja") == "taro はもうあります。"
    assert str(taken) == taken.say("en") == "taro is there already"
