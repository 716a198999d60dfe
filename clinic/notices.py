"""What the desk should know beside the verdict: burden, limits, new insurer, names that claims will not take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from clinic.elements import LIMIT_CLASSES, UNKNOWN_CHARACTER
from clinic.record import results_of, text_of
from clinic.store import KeptVisit
from device.domain.certificate_window import JAPAN
from device.domain.reasons import Reason
from device.wire.reasons import entry
from device.wire.texts import Text

RARE_NAMES = ("Name", "NameOfOther", "InsuredName")


@dataclass(frozen=True, slots=True)
class Notice:
    """One remark. `code` is stable; `words` may name amounts and insurers, never a diagnosis."""

    code: str
    words: Text
    weight: Literal["info", "attention"] = "info"


def notices_of(visit: KeptVisit, before: KeptVisit | None) -> tuple[Notice, ...]:
    """Return the remarks on a visit; `before` is the same person's earlier visit, if there is one."""
    late = visit.late if visit.accepted_at is not None else None
    reasons = dict.fromkeys([*visit.record.notices, *(late.notices if late else ())])
    found = [Notice(reason.value, entry(reason).next_step, "attention") for reason in reasons]
    found += _certificate_ends(visit)
    results = results_of(visit.qualification)
    for result in results:
        found += _burden(result)
        found += _limit(result)
        if Reason.NAME_HAS_UNKNOWN_CHARACTERS not in reasons:
            found += _rare_characters(result)
    if before is not None and len(results) == 1 and (old := results_of(before.qualification)):
        found += _new_insurer(old[0], results[0])
    if visit.record.unopened is not None:
        found.append(
            Notice(
                "unopened",
                Text(
                    ja="資格情報は届いていますが、鍵が合わず開けません。管理者に伝えてください。",
                    en="A qualification has come, but none of our keys opens it. Tell the administrator.",
                ),
                "attention",
            )
        )
    return tuple(found)


def _certificate_ends(visit: KeptVisit) -> list[Notice]:
    ends = visit.record.certificate_ends
    if ends is None or Reason.CERTIFICATE_EXPIRES_SOON not in visit.record.notices:
        return []
    weeks = max((ends - visit.record.happened_at.astimezone(JAPAN).date()).days // 7, 0)
    words = Text(
        ja=f"電子証明書の期限まであと{weeks}週間({ends:%Y-%m-%d})",
        en=f"The certificate expires in {weeks} weeks ({ends:%Y-%m-%d})",
    )
    return [Notice("certificate_ends", words)]


def _burden(result: dict[str, object]) -> list[Notice]:
    elderly = result.get("ElderlyRecipientCertificateInfo")
    ratio = text_of(elderly, "ElderlyRecipientContributionRatio") if isinstance(elderly, dict) else None
    ratio = ratio or text_of(result, "InsuredPartialContributionRatio")
    if ratio is None or not ratio.isdecimal():
        return []
    tenths = int(ratio) // 10
    return [Notice("burden", Text(ja=f"負担割合 {tenths}割", en=f"Patient pays {tenths * 10} %"))]


def _limit(result: dict[str, object]) -> list[Notice]:
    limit = result.get("LimitApplicationCertificateRelatedInfo")
    code = text_of(limit, "LimitApplicationCertificateClassificationFlag") if isinstance(limit, dict) else None
    if code is None or code not in LIMIT_CLASSES:
        return []
    return [Notice("limit", Text(ja=f"限度額区分 {LIMIT_CLASSES[code]}", en=f"Limit class {code}"))]


def _rare_characters(result: dict[str, object]) -> list[Notice]:
    # Claims take JIS X 0208 (level 1 and 2); what is beyond it must be replaced by hand (徳 for 德).
    rare = sorted({sign for name in RARE_NAMES for sign in text_of(result, name) or "" if is_rare(sign)})
    if not rare:
        return []
    signs = "、".join(rare)
    words = Text(
        ja=f"氏名の「{signs}」は請求で受け付けられません。レセコンで置き換えてください。",
        en=f"Claims will not take “{signs}” in the name. Replace it in the receipt computer.",
    )
    return [Notice("rare_characters", words, "attention")]


def is_rare(sign: str) -> bool:
    """Tell whether a character lies outside JIS X 0208, so that online claims refuse it."""
    try:
        sign.encode("shift_jis")
    except UnicodeEncodeError:
        return sign != UNKNOWN_CHARACTER
    return False


def _new_insurer(old: dict[str, object], new: dict[str, object]) -> list[Notice]:
    number = text_of(new, "InsurerNumber")
    if number is None or number == text_of(old, "InsurerNumber"):
        return []
    # Texts take braces for values to fill in; a name from outside must not look like one.
    name = (text_of(new, "InsurerName") or number.strip()).translate(str.maketrans("{}", "()"))
    words = Text(ja=f"保険者が前回から変わりました: {name}", en=f"The insurer has changed since the last visit: {name}")
    return [Notice("new_insurer", words, "attention")]
