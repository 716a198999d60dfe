from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from device.domain.errors import BadConfig
from device.domain.prompts import Cue
from device.domain.reasons import Reason
from device.wire.reasons import FallbackDocument, ReasonEntry, Role, catalogue, document_name, entry, parse
from device.wire.texts import LANGUAGES, Text, read_file, values_of

POLITE = re.compile("(です|ます|でした|ました|ません|ください|ますか|ですか|ませんか|でしょうか)。$")
BLAME_JA = re.compile(
    "間違|まちが|あやま|誤|不正|違反|失敗|エラー|無効|あなた|だめ|できなかった|使えません|ご利用になれ"
)
BLAME_EN = re.compile(
    r"\b(errors?|fail\w*|invalid|wrong|mistakes?|illegal|your fault|you (did|have) not|cannot be used|denied)\b",
    re.IGNORECASE,
)
SERVICE_OUTCOMES = [reason for reason in Reason if reason.startswith("qualification_")]


def texts_of(what: ReasonEntry) -> list[Text]:
    always = [what.cause, what.patient, what.desk, what.next_step]
    return [*always, what.never_helps] if what.never_helps else always


def sentences(line: str) -> list[str]:
    return [sentence.strip() for sentence in re.split(r"[。.?!:]\s*", line) if sentence.strip()]


# --- complete --------------------------------------------------------------------------------------------------------


def test_there_is_an_entry_for_every_reason_and_for_nothing_else() -> None:
    assert set(catalogue().reasons) == set(Reason)


def test_every_fallback_document_has_a_name() -> None:
    for document in FallbackDocument:
        for language in LANGUAGES:
            assert document_name(document, language)


def test_the_catalogue_is_read_once() -> None:
    assert catalogue() is catalogue()


@pytest.mark.parametrize("reason", Reason)
def test_the_japanese_lines_are_japanese_and_the_english_ones_are_not(reason: Reason) -> None:
    for text in texts_of(entry(reason)):
        assert re.search(r"[ぁ-ん]", text.ja)
        foreign = re.sub(r"[((][^()()]*[))]", "", text.en)  # Japanese names of documents stand in brackets
        assert not re.search(r"[ぁ-んァ-ヶ一-龠]", foreign)
        assert text.ja.strip() == text.ja
        assert text.en.strip() == text.en


@pytest.mark.parametrize("reason", Reason)
def test_only_the_wrong_pin_counts_tries(reason: Reason) -> None:
    what = entry(reason)

    assert values_of(what.patient.ja) == (frozenset({"tries_left"}) if reason is Reason.PIN_WRONG else frozenset())
    for text in (what.cause, what.desk, what.next_step):
        assert not values_of(text.ja)


def test_the_tries_left_are_told() -> None:
    line = entry(Reason.PIN_WRONG).patient

    assert "あと2回" in line.say("ja", tries_left=2)
    assert "Tries left: 2" in line.say("en", tries_left=2)


# --- fit for people --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", Reason)
def test_what_the_unit_says_is_plain_and_short(reason: Reason) -> None:
    japanese, english = (entry(reason).patient.say(language, tries_left=2) for language in LANGUAGES)

    assert len(japanese) <= 60
    assert all(len(sentence) <= 30 for sentence in sentences(japanese))
    assert POLITE.search(japanese)
    assert len(english.split()) <= 24
    assert all(len(sentence.split()) <= 15 for sentence in sentences(english))
    # What a voice cannot say: codes, brackets, symbols.
    assert not re.search(r"[()()●/_`「」]|\d{3}", japanese + english)


@pytest.mark.parametrize("reason", Reason)
def test_nothing_blames_the_patient_or_just_says_error(reason: Reason) -> None:
    what = entry(reason)
    for text in (what.patient, what.desk):
        assert not BLAME_JA.search(text.ja)
        assert not BLAME_EN.search(text.en)


@pytest.mark.parametrize("reason", SERVICE_OUTCOMES)
def test_the_waiting_room_does_not_hear_what_is_wrong_with_somebodys_insurance(reason: Reason) -> None:
    line = entry(reason).patient

    assert line == entry(SERVICE_OUTCOMES[0]).patient, "one sentence for all of them tells nothing"
    assert not re.search(r"資格|期限|終わ|ended|expired|not found|not valid", line.ja + line.en)


@pytest.mark.parametrize("reason", Reason)
def test_the_desk_speaks_politely_and_never_asks_for_a_pin(reason: Reason) -> None:
    what = entry(reason)

    assert POLITE.search(what.desk.ja)
    assert not re.search(
        r"暗証番号を(教えて|お教え|おっしゃって)|tell me your PIN|what is your PIN", what.desk.ja + what.desk.en
    )


# --- fit for the visit -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", Reason)
def test_a_way_on_is_always_named(reason: Reason) -> None:
    what = entry(reason)
    helps_itself = {Reason.QUALIFIED, Reason.CARD_REMOVED}

    assert what.next_step.ja
    if what.role is Role.ENDING and reason not in helps_itself:
        assert FallbackDocument.SHIKAKU_KAKUNINSHO in what.fallback, "the document that is enough by itself"


@pytest.mark.parametrize("reason", Reason)
def test_documents_are_listed_once_and_the_best_first(reason: Reason) -> None:
    order = list(FallbackDocument)
    listed = [order.index(document) for document in entry(reason).fallback]

    assert listed == sorted(set(listed))


@pytest.mark.parametrize("reason", Reason)
def test_success_is_shown_for_a_good_answer_and_for_nothing_else(reason: Reason) -> None:
    what = entry(reason)
    good = reason is Reason.QUALIFIED or what.role is Role.NOTICE

    assert (what.cue is Cue.SUCCESS) == good
    assert what.role is not Role.FAULT or what.cue is Cue.STAFF
    assert what.cue not in {Cue.IDLE, Cue.READING, Cue.LOOK, Cue.WAIT, Cue.ASK}, "those are questions and waits"


def test_the_old_insurance_card_helps_nobody_any_more() -> None:
    for reason in Reason:
        what = entry(reason)
        assert "以前の健康保険証" not in what.next_step.ja + what.desk.ja


@pytest.mark.parametrize("reason", [reason for reason in Reason if entry(reason).role is Role.STALL])
def test_what_holds_a_visit_up_does_not_send_the_visitor_away(reason: Reason) -> None:
    line = entry(reason).patient

    assert "窓口" not in line.ja
    assert "desk" not in line.en


# --- the file, when somebody breaks it -------------------------------------------------------------------------------


def drop_entry(text: str) -> str:
    start = text.index("[reasons.pin_wrong]")
    return text[:start] + text[text.index("[reasons.face_not_found]") :]


@pytest.mark.parametrize(
    ("breaks", "where", "said"),
    [
        (drop_entry, "[reasons.pin_wrong]", "missing"),
        (
            lambda text: text + '\n[reasons.bad_weather]\nrole = "stall"\n',
            "[reasons.bad_weather]",
            "nothing has this name",
        ),
        (
            lambda text: text.replace('desk.en = "You are checked in. Please have a seat."\n', ""),
            "[reasons.qualified]",
            "required field `en` - at `$.desk`",
        ),
        (
            lambda text: text.replace('desk.en = "You are checked in. Please have a seat."', 'desk.en = ""'),
            "[reasons.qualified]",
            "length >= 1 - at `$.desk.en`",
        ),
        (
            lambda text: text.replace('cue = "success"', 'cue = "fireworks"', 1),
            "[reasons.qualified]",
            "'fireworks' - at `$.cue`",
        ),
        (
            lambda text: text.replace("never_helps.ja", "never_help.ja", 1),
            "[reasons.qualification_ended]",
            "`never_help`",
        ),
        (
            lambda text: text.replace(
                '"shikaku_kakuninsho", "card_with_notice"', '"shikaku_kakuninsho", "library_card"', 1
            ),
            "[reasons.qualification_ended]",
            "'library_card' - at `$.fallback[1]`",
        ),
        (
            lambda text: text.replace("Tries left: {tries_left}", "Tries left: {left}"),
            "[reasons.pin_wrong]",
            "do not take the same values in braces - at `$.patient`",
        ),
        (
            lambda text: text.replace("{tries_left}", "{tries_left.__class__}"),
            "[reasons.pin_wrong]",
            "plain name and nothing else - at `$.patient`",
        ),
        (lambda text: text.replace("{tries_left}", "{tries_left!r}"), "[reasons.pin_wrong]", "plain name"),
        (lambda text: text.replace("{tries_left}", "{tries_left:>9}"), "[reasons.pin_wrong]", "plain name"),
        (lambda text: text.replace("{tries_left}", "{}"), "[reasons.pin_wrong]", "plain name"),
        (lambda text: text.replace("{tries_left}", "{"), "[reasons.pin_wrong]", "`$.patient`"),
        (
            lambda text: text.replace("[documents.card_with_notice]", "[documents.card]"),
            "[documents.card_with_notice]",
            "missing",
        ),
        (lambda text: "[reasons\n" + text, "words.toml", "line 1"),
        (lambda text: text + '\n[extra]\nja = "x"\n', "words.toml", "'extra'"),
        (lambda _: "documents = 1\nreasons = 2\n", "[documents]", "not a table"),
        (lambda _: "", "words.toml", "documents, reasons"),
    ],
)
def test_a_broken_file_is_refused_with_entry_and_field(breaks: Callable[[str], str], where: str, said: str) -> None:
    whole = read_file("reasons.toml")
    broken = breaks(whole)
    assert broken != whole

    with pytest.raises(BadConfig) as caught:
        parse(broken, source="words.toml")

    assert caught.value.reason is Reason.CONFIG_INVALID
    assert "words.toml" in caught.value.where
    assert where in caught.value.where
    assert said in str(caught.value)
