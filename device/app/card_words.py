"""What a card report says in plain words: each finding, what it means and what to do, in every language."""

from __future__ import annotations

from dataclasses import dataclass

from device.app.card_readers import TIER_WORDS, recognise
from device.app.card_report import CardReport, Finding
from device.domain.values import CardKind
from device.wire.texts import Text


@dataclass(frozen=True, slots=True)
class Words:
    """What is so, and what to do about it."""

    what: Text
    do: Text


_NOTHING_TO_DO = Text(ja="このままで大丈夫です。", en="Nothing to do.")

KINDS = {
    CardKind.PLASTIC: Text(ja="マイナンバーカード(プラスチックのカード)", en="a My Number Card (the plastic card)"),
    CardKind.PINLESS: Text(
        ja="顔認証マイナンバーカード(暗証番号のないカード)",
        en="a My Number Card without PIN (顔認証マイナンバーカード)",
    ),
    CardKind.NEXT: Text(ja="次期個人番号カード", en="a My Number Card of the next generation"),
    CardKind.ANDROID: Text(ja="スマートフォンのマイナンバーカード(Android)", en="a My Number Card on an Android phone"),
    CardKind.IPHONE: Text(ja="スマートフォンのマイナンバーカード(iPhone)", en="a My Number Card on an iPhone"),
    CardKind.TEST: Text(ja="試験用のマイナンバーカード", en="a test card"),
}

FINDINGS = {
    Finding.NOT_MY_NUMBER_CARD: Words(
        Text(
            ja="マイナンバーカードではありません(銀行や交通のカード、以前の住基カードなど)。",
            en="This is no My Number Card (perhaps a bank or transport card, or the older 住基カード).",
        ),
        Text(ja="マイナンバーカードを置いてください。", en="Place the My Number Card."),
    ),
    Finding.SEVERAL_CARDS: Words(
        Text(ja="カードが二枚以上あります。", en="There are two or more cards."),
        Text(
            ja="マイナンバーカードを財布やケースから出して、一枚だけ置いてください。",
            en="Take the My Number Card out of its sleeve or wallet and place it alone.",
        ),
    ),
    Finding.MUTE: Words(
        Text(ja="カードはありますが、応答がありません。", en="There is a card, but it does not answer."),
        Text(
            ja="カードを一枚だけ、ケースから出して、まっすぐ置き直してください。別のカードで試しても同じなら、リーダーを点検します。",
            en="Place one card only, out of its sleeve, flat. If another card stays silent too, see to the reader.",
        ),
    ),
    Finding.UNREADABLE: Words(
        Text(ja="カードの応答が、規格どおりではありません。", en="The card answers, but not as the standard says."),
        Text(
            ja="一度置き直してください。続くときは、カードの不具合かもしれません。市区町村の窓口で調べられます。",
            en="Place it once more. If it stays so, the card may be faulty: the municipal office can check it.",
        ),
    ),
    Finding.TEST_CARD: Words(
        Text(
            ja="証明書は試験用の認証局のものです(試験用カード、または模擬カード)。",
            en="Its certificate is from a test authority: a test card, or a simulated one.",
        ),
        Text(
            ja="試験と実演では使えます。本番の機器は受け付けません。",
            en="Fine for tests and demonstrations; a production unit refuses it.",
        ),
    ),
    Finding.ISSUER_UNKNOWN: Words(
        Text(
            ja="証明書の発行者は、公的個人認証でも、その試験用でもありません。",
            en="Its certificate names an issuer that is neither the national authority nor its test authority.",
        ),
        Text(
            ja="受け付けません。券面をよく見て、責任者に知らせてください。",
            en="Do not accept it. Take a close look at the card and tell your manager.",
        ),
    ),
    Finding.ANCHOR_UNKNOWN: Words(
        Text(
            ja="証明書に署名した認証局は、この機器に登録されていません(正しいとも正しくないとも言えません)。",
            en="The authority behind its certificate is not installed here: neither confirmed nor refuted.",
        ),
        Text(
            ja="資格確認のサービスが判断します。続くときは、認証局の証明書の登録を頼んでください。",
            en="The qualification service decides. If it goes on, have the authority's certificate installed.",
        ),
    ),
    Finding.CERTIFICATE_FORGED: Words(
        Text(
            ja="証明書の署名が、名乗っている認証局のものではありません。",
            en="Its certificate is not signed by the authority that it names.",
        ),
        Text(
            ja="受け付けません。偽造が疑われます。責任者に知らせてください。",
            en="Do not accept it: it may be forged. Tell your manager.",
        ),
    ),
    Finding.CLOCK_UNCERTAIN: Words(
        Text(
            ja="この機械の時計は、時刻サービスに合わせられていません。期限の判断は目安です。",
            en="No time service vouches for this machine's clock, so what is said of dates may be wrong.",
        ),
        Text(ja="時計を合わせてください(chrony、systemd-timesyncd)。", en="Set it (chrony, systemd-timesyncd)."),
    ),
    Finding.PIN_BLOCKED: Words(
        Text(
            ja="4桁の暗証番号(利用者証明用)がロックされています。",
            en="The four-digit PIN (利用者証明用) is blocked.",
        ),
        Text(
            ja="市区町村の窓口で初期化できます。機械では解除できません。受付は、顔または目視で確かめます。",
            en="The municipal office resets it; no machine can. Check in by face or by an attendant meanwhile.",
        ),
    ),
    Finding.PIN_LAST_TRY: Words(
        Text(ja="暗証番号は、あと1回まちがえるとロックされます。", en="One more wrong PIN blocks it."),
        Text(
            ja="番号に自信がなければ、入力しないでください。正しく入れると回数は元に戻ります。",
            en="Do not enter it unless you are sure. The right PIN brings all tries back.",
        ),
    ),
    Finding.PIN_ON_THE_PHONE: Words(
        Text(
            ja="本人の確認は、スマートフォンの画面で行います(Face ID、Touch ID)。",
            en="The holder unlocks it on the phone itself (Face ID, Touch ID).",
        ),
        Text(ja="リーダーで暗証番号を入れる必要はありません。", en="No PIN is entered at the reader."),
    ),
    Finding.NO_PIN: Words(
        Text(ja="暗証番号を使わないカードです。", en="This card takes no PIN."),
        Text(
            ja="顔または目視で確かめます。暗証番号は尋ねません。",
            en="The face or an attendant decides; nobody asks for a PIN.",
        ),
    ),
    Finding.COUNTER_UNREADABLE: Words(
        Text(ja="残り回数を、カードから読み取れませんでした。", en="The card did not tell how many tries are left."),
        Text(
            ja="回数が分からないうちは、暗証番号を入れないでください。一度置き直してください。",
            en="Enter nothing while that is unknown. Place the card once more.",
        ),
    ),
    Finding.PORTRAIT_BLOCKED: Words(
        Text(
            ja="カードの顔写真を開く番号(照合番号B)がロックされています。",
            en="The number that opens the portrait (照合番号B) is blocked.",
        ),
        Text(
            ja="顔での受付はできません。暗証番号をお使いください。市区町村の窓口で解除できます。",
            en="The face cannot be matched: use the PIN. The municipal office unblocks it.",
        ),
    ),
    Finding.PORTRAIT_FEW_TRIES: Words(
        Text(
            ja="顔写真を開く番号(照合番号B)の残り回数が少ないため、機械はこれ以上試しません。",
            en="Few tries are left for the portrait's number (照合番号B), so the machine leaves them alone.",
        ),
        Text(
            ja="暗証番号をお使いください。正しい番号が一度通れば、回数は元に戻ります。",
            en="Use the PIN. One right number brings all tries back.",
        ),
    ),
    Finding.NO_PORTRAIT: Words(
        Text(
            ja="顔写真は入っていません(スマートフォンにはありません)。",
            en="It carries no portrait; phones never do.",
        ),
        Text(
            ja="顔の照合はせず、スマートフォンの操作で確かめます。", en="No face match; the phone's own check counts."
        ),
    ),
    Finding.INSTITUTION_ONLY: Words(
        Text(
            ja="顔が合っても、本物のカードが暗証番号なしで署名するのは、認可された機関の鍵に対してだけです。",
            en="After a face match a real card signs without the PIN only for an approved institution's credential.",
        ),
        Text(
            ja="その鍵がない機器では、暗証番号で受付します。",
            en="A unit without that credential checks the visitor in by PIN.",
        ),
    ),
    Finding.CERTIFICATE_BEHIND_PIN: Words(
        Text(
            ja="証明書は、暗証番号のあとでしか読めません(Android の仕様)。",
            en="Its certificate can be read only after the PIN; Android phones are made so.",
        ),
        _NOTHING_TO_DO,
    ),
    Finding.CERTIFICATE_UNREADABLE: Words(
        Text(ja="証明書を読み取れませんでした。", en="The certificate could not be read."),
        Text(
            ja="一度置き直してください。続くときは、市区町村の窓口で調べられます。",
            en="Place the card once more. If it stays so, the municipal office can check it.",
        ),
    ),
    Finding.CERTIFICATE_NOT_YET: Words(
        Text(
            ja="証明書の有効期間が、まだ始まっていません。この機械の時計が遅れているのかもしれません。",
            en="The certificate is not valid yet; perhaps this machine's clock is behind.",
        ),
        Text(ja="まず、機械の時計を確かめてください。", en="See to the machine's clock first."),
    ),
    Finding.CERTIFICATE_EXPIRES_SOON: Words(
        Text(ja="証明書の期限が、あと3か月以内に切れます。", en="The certificate ends within three months."),
        Text(
            ja="今日の受付はできます。市区町村の窓口で更新してください。",
            en="It serves today. Renew it at the municipal office.",
        ),
    ),
    Finding.CERTIFICATE_IN_GRACE: Words(
        Text(
            ja="証明書の期限は切れましたが、期限の月の3か月後の月末まで、資格の確認だけはできます。",
            en="The certificate has ended; to the end of the third month after, the insurance check still works.",
        ),
        Text(ja="早めに市区町村の窓口で更新してください。", en="Renew it at the municipal office soon."),
    ),
    Finding.CERTIFICATE_EXPIRED: Words(
        Text(ja="証明書の期限が切れています。", en="The certificate has ended."),
        Text(
            ja="市区町村の窓口で更新してください。今日は、資格確認書などで受付します。",
            en="Renew it at the municipal office. Today another document is needed (資格確認書).",
        ),
    ),
}

_READER = Text(ja="リーダー: {name}", en="Reader: {name}")
_LIST = Text(ja="一覧での区分: {tier}(根拠: {source})", en="Our list: {tier} (rests on: {source})")
_KIND = Text(ja="置かれているもの: {kind}", en="On it: {kind}")
_UNKNOWN_KIND = Text(ja="読み取れるカードではありません", en="nothing that this unit can read")
_WORKS = Text(ja="できること", en="What works")
_PIN_WORKS = Text(ja="暗証番号での受付(残り{tries}回)", en="check-in by PIN ({tries} tries left)")
_PHONE_WORKS = Text(ja="スマートフォンの操作での受付", en="check-in by unlocking the phone")
_PORTRAIT_WORKS = Text(
    ja="顔写真の読み取り(券面の番号で。残り{tries}回)",
    en="reading the portrait with the number on the card ({tries} tries left)",
)
_CERTIFICATE = Text(
    ja="証明書の読み取り({key}、{begins}から{ends}まで)",
    en="reading the certificate ({key}, {begins} to {ends})",
)
_ANCHOR = Text(ja="証明書の署名の確認(認証局: {anchor})", en="its certificate's signature holds (authority: {anchor})")
_NOTHING_WORKS = Text(ja="ありません", en="nothing")
_WRONG = Text(ja="気をつけること", en="What to know")
_SAFE = Text(
    ja="暗証番号や照合番号は、一度も送っていません。回数は減っていません。",
    en="No PIN and no number was sent; no try was spent.",
)


def explain(report: CardReport, reader: str, language: str) -> list[str]:
    """Return the lines that tell a person what lies on the reader, without anything personal."""
    row = recognise(reader)
    tier = TIER_WORDS[row.tier].say(language)
    lines = [
        _READER.say(language, name=reader),
        f"  {_LIST.say(language, tier=tier, source=row.source)}",
        f"  {row.limits.say(language)}",
        _KIND.say(language, kind=(KINDS[report.kind] if report.kind else _UNKNOWN_KIND).say(language)),
        f"{_WORKS.say(language)}:",
        *(f"  ・{line}" for line in what_works(report, language) or [_NOTHING_WORKS.say(language)]),
    ]
    if report.findings:
        lines.append(f"{_WRONG.say(language)}:")
        for finding in report.findings:
            words = FINDINGS[finding]
            lines += [f"  ・{words.what.say(language)}", f"    → {words.do.say(language)} [{finding}]"]
    return [*lines, _SAFE.say(language)]


def what_works(report: CardReport, language: str) -> list[str]:
    """Return a line for each thing that this card is good for, here and now."""
    lines = []
    if report.pin_works:
        lines.append(_PIN_WORKS.say(language, tries=report.pin_tries_left))
    if report.phone_unlocks:
        lines.append(_PHONE_WORKS.say(language))
    if report.portrait_works:
        lines.append(_PORTRAIT_WORKS.say(language, tries=report.portrait_tries_left))
    if look := report.certificate:
        begins, ends = f"{look.first_day:%Y-%m}", f"{look.last_day:%Y-%m}"
        lines.append(_CERTIFICATE.say(language, key=look.key, begins=begins, ends=ends))
        if anchor := look.found.origin.anchor:
            lines.append(_ANCHOR.say(language, anchor=anchor))
    return lines
