"""Each kind of study in words: what it found, and what its figures suppose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from device.wire.texts import Text
from hw.study import pictures
from hw.study.capability import Capability, Index
from hw.study.comparison import Comparison, Difference
from hw.study.figures import Figure
from hw.study.gauge import GaugeStudy, Line
from hw.study.lot import LotStudy
from hw.study.told import Picture, Table, Told, number

ENOUGH: Final = 1.33
"""Of Cpk's lower bound: four standard deviations to the nearer limit, as is usual in industry."""
GAUGE_VERDICTS: Final = {
    "good": Text(ja="測定系は十分", en="the gauge is good enough"),
    "conditional": Text(ja="条件付きで使用可", en="usable with care: between AIAG's bounds"),
    "poor": Text(ja="測定系が粗すぎる", en="the gauge is too coarse for this measurement"),
}
SOURCES: Final = {
    "gauge": "測定系 gauge",
    "repeatability": "繰返し性 repeatability",
    "reproducibility": "再現性 reproducibility",
    "tester": "担当 tester",
    "interaction": "交互作用 interaction",
    "unit": "端末 unit",
    "total": "合計 total",
}
RULES: Final = {
    "outlier": Text(ja="外れ値", en="outlier (median and MAD)"),
    "beyond_3_sigma": Text(ja="3シグマの外", en="beyond three sigma"),
    "nine_on_one_side": Text(ja="連続9点が同じ側", en="nine in a row on one side of the mean"),
    "six_steadily": Text(ja="連続6点の増加・減少", en="six in a row that rise or fall"),
    "two_of_three_beyond_2_sigma": Text(ja="3点中2点が2シグマの外", en="two of three beyond two sigma"),
}
_N: Final = Text(ja="個数", en="n")


def of_gauge(study: GaugeStudy, figures: Sequence[Figure]) -> Told:
    """Tell a gauge study."""
    gauge = study.component("gauge")
    kept = (
        Text(ja="交互作用は有意でなく、繰返しに含めました。", en="The interaction is not significant and is pooled.")
        if study.pooled
        else Text(ja="交互作用は有意です。", en="The interaction is significant and stays apart.")
    )
    crossing = f"{len(study.units)} × {len(study.testers)} × {study.trials}"
    design = Text(
        ja=f"端末×担当×回数: {crossing}。識別数 {study.categories}(5以上が望ましい)。",
        en=f"Units × testers × trials: {crossing}. Distinct categories: {study.categories} (five or more are wanted).",
    )
    components = Table(
        Text(ja="ばらつきの内訳", en="What the spread is made of"),
        tuple(
            Text(ja=ja, en=en)
            for ja, en in (
                ("要因", "source"),
                ("分散", "variance"),
                ("標準偏差", "std. deviation"),
                ("寄与%", "contribution %"),
                ("スタディ変動%", "study variation %"),
                ("許容差比%", "tolerance %"),
            )
        ),
        tuple(
            (
                SOURCES[each.source],
                number(each.variance),
                number(each.deviation),
                f"{each.contribution_percent:.2f}",
                f"{each.study_percent:.2f}",
                "—" if each.tolerance_percent is None else f"{each.tolerance_percent:.2f}",
            )
            for each in study.components
        ),
    )
    tables = [components, _anova(Text(ja="分散分析(交互作用あり)", en="ANOVA with interaction"), study.full)]
    if study.pooled:
        tables.append(_anova(Text(ja="分散分析(併合後)", en="ANOVA without it"), study.used))
    return Told(
        Text(ja="測定系の解析(ゲージR&R)", en="Gauge R&R"),
        figures[0].name,
        Text(
            ja=f"{GAUGE_VERDICTS[study.verdict].ja}: {gauge.study_percent:.1f}%",
            en=f"{GAUGE_VERDICTS[study.verdict].en}: {gauge.study_percent:.1f} % of the study's variation",
        ),
        study.verdict == "good",
        (design, _people(study.testers), kept),
        tuple(tables),
        (
            Picture(
                Text(ja="内訳と各測定", en="What the spread is made of, and every reading"),
                pictures.of_gauge(study, figures),
            ),
        ),
    )


def of_capability(study: Capability, figures: Sequence[Figure]) -> Told:
    """Tell a capability."""
    low = study.cpk.low
    good = low >= ENOUGH
    rows = [("Cpk", *_index(study.cpk))]
    if study.cp is not None:
        rows.insert(0, ("Cp", *_index(study.cp)))
    return Told(
        Text(ja="工程能力", en="Capability"),
        figures[0].name,
        Text(
            ja=f"Cpk は95%で {low:.2f} 以上" + ("" if good else f"、目安 {ENOUGH} に足りません"),
            en=f"Cpk is at least {low:.2f}, with 95 % confidence" + ("" if good else f": short of {ENOUGH}"),
        ),
        good,
        (
            Text(
                ja=f"{study.count}台、平均 {study.mean:.4g}、標準偏差 {study.deviation:.4g}、"
                f"限度外 {study.outside}台。",
                en=f"{study.count} units, mean {study.mean:.4g}, standard deviation {study.deviation:.4g},"
                f" {study.outside} beyond a limit; {study.expected_ppm:.3g} in a million were they normal.",
            ),
            Text(
                ja="ばらつきはロット全体のもの(Pp・Ppk とも呼ばれます)。正規分布を仮定しています。",
                en="The spread is the whole lot's (some write Pp, Ppk). Intervals suppose a normal distribution.",
            ),
        ),
        (
            Table(
                Text(ja="指数", en="Indices"),
                (Text(ja="指数", en="index"), Text(ja="値", en="value"), Text(ja="95%区間", en="95 % interval")),
                tuple(rows),
            ),
        ),
        (
            Picture(
                Text(ja="分布と限度", en="Distribution and limits"),
                pictures.of_capability(
                    [each.value for each in figures], study.lower, study.upper, f"{figures[0].name} ({figures[0].unit})"
                ),
            ),
        ),
    )


def of_lot(study: LotStudy, figures: Sequence[Figure], limits: tuple[float | None, float | None]) -> Told:
    """Tell a lot."""
    drift = (
        Text(ja="時間とともに変わっています", en="it drifts")
        if study.drifts
        else Text(ja="傾きは見られません", en="no drift is shown")
    )
    span = f"{study.slope:.3g} ({study.slope_low:.3g} … {study.slope_high:.3g})"
    return Told(
        Text(ja="ロットの推移", en="Lot"),
        figures[0].name,
        Text(
            ja=f"{drift.ja}、目立つ点 {len(study.remarks)}", en=f"{drift.en}; remarks: {len(study.remarks)}"
        ),
        not study.drifts and not study.remarks,
        (
            Text(
                ja=f"中央値 {study.median:.4g}、MAD {study.mad:.4g}、管理限界 {study.low:.4g} … {study.high:.4g}。",
                en=f"{study.count} figures: median {study.median:.4g}, MAD {study.mad:.4g},"
                f" limits of the chart {study.low:.4g} … {study.high:.4g}.",
            ),
            Text(
                ja=f"1台ごとの変化 {span}、p = {study.p:.3g}。",
                en=f"Change from one unit to the next: {span}, p = {study.p:.3g}.",
            ),
        ),
        (
            Table(
                Text(ja="目立つ点", en="Remarks"),
                (
                    Text(ja="番号", en="no."), Text(ja="端末", en="unit"), Text(ja="値", en="value"),
                    Text(ja="規則", en="rule"),
                ),
                tuple(
                    (
                        str(each.index + 1),
                        figures[each.index].serial,
                        number(figures[each.index].value),
                        f"{RULES[each.rule].ja} {RULES[each.rule].en}",
                    )
                    for each in study.remarks
                ),
            ),
        ),
        (
            Picture(
                Text(ja="管理図(個々の値)", en="Chart of individuals"),
                pictures.of_lot(study, [each.value for each in figures], *limits),
            ),
        ),
    )  # fmt: skip


def of_comparison(study: Comparison, old: Sequence[Figure], new: Sequence[Figure]) -> Told:
    """Tell a comparison."""
    shown = study.mean.is_shown
    return Told(
        Text(ja="二つの版の比較", en="Comparison of two builds"),
        new[0].name,
        Text(
            ja=f"平均の差 {_span(study.mean)}" + ("" if shown else ":差は示されません"),
            en=f"difference of means {_span(study.mean)}" + ("" if shown else ": no difference is shown"),
        ),
        not shown,
        (
            Text(
                ja=f"Welch: t = {study.t:.3f}, 自由度 {study.freedom:.3f}, p = {study.p:.3g}。",
                en=f"Welch: t = {study.t:.3f}, {study.freedom:.3f} degrees of freedom, p = {study.p:.3g}."
                f" Difference of medians {_span(study.median)} by bootstrap.",
            ),
        ),
        (
            Table(
                Text(ja="標本", en="Samples"),
                (
                    Text(ja="版", en="build"), _N, Text(ja="平均", en="mean"), Text(ja="標準偏差", en="std. deviation"),
                    Text(ja="中央値", en="median"),
                ),
                tuple(
                    (each.name, str(each.count), number(each.mean), number(each.deviation), number(each.median))
                    for each in (study.old, study.new)
                ),
            ),
        ),
        (
            Picture(
                Text(ja="累積分布", en="Cumulative share"),
                pictures.of_comparison(
                    [(study.old.name, [each.value for each in old]), (study.new.name, [each.value for each in new])],
                    f"{new[0].name} ({new[0].unit})",
                ),
            ),
        ),
    )  # fmt: skip


def _anova(caption: Text, lines: Sequence[Line]) -> Table:
    header = (("要因", "source"), ("自由度", "df"), ("平方和", "SS"), ("平均平方", "MS"), ("F", "F"), ("p", "p"))
    return Table(
        caption,
        tuple(Text(ja=ja, en=en) for ja, en in header),
        tuple(
            (
                SOURCES[each.source], str(each.freedom), number(each.squares, 5), number(each.mean_square, 5),
                number(each.f, 5), "—" if each.p is None else _chance(each.p),
            )
            for each in lines
        ),
    )  # fmt: skip


def _people(testers: Sequence[str]) -> Text:
    listed = ", ".join(f"{number} {tester}" for number, tester in enumerate(testers, start=1))
    return Text(ja=f"担当: {listed}", en=f"Testers: {listed}")


def _chance(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"  # noqa: PLR2004  said beside it


def _index(index: Index) -> tuple[str, str]:
    return f"{index.value:.3f}", f"{index.low:.3f} … {index.high:.3f}"


def _span(difference: Difference) -> str:
    return f"{difference.value:+.4g} ({difference.low:.4g} … {difference.high:.4g})"
