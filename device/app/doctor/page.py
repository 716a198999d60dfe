"""docs/doctor.md from the list of checks and the catalogue of findings.

Write it anew with `python -m device.app.doctor.page docs/doctor.md`, or `make pages`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from device.app.doctor.rounds import CHECKS
from device.domain.finding import FindingCode
from device.wire.findings import catalogue

_HEAD = """\
# 端末の点検 / The unit's doctor

<!-- Generated from device/wire/findings.toml and device/app/doctor by `make pages`. -->

```sh
sudo uketsuke doctor                             # everything; exit code 0 good, 1 soon a problem, 2 a problem
sudo uketsuke doctor --only reader --only broker
uketsuke doctor --config unit.toml --json        # another unit than /etc/uketsuke's
```

端末が動いているときは、部品のようすを端末にたずね、機械だけを直接調べます(カメラや線を取り上げません)。
動いていないときは、部品を一つずつ開いて調べます。暗証番号も照合番号も、カードには一度も送りません。
毎朝(`[upkeep] morning`)、端末は自分でも調べます。見つけたコードだけを記録し、
端末群のサービスにも知らせます(`uketsuke-fleet show`)。

While the unit runs, the doctor asks it about its parts and looks at the machine alone; it takes no camera and no line
away. Otherwise it opens part after part. No PIN and no 照合番号 is ever sent to a card. Each morning
(`[upkeep] morning`) the unit looks by itself; its journal gets the codes, nothing else, and so does the fleet with the
next word about the unit's health (`uketsuke-fleet show`).

70の故障を模擬の端末に一つずつ起こし、すべて正しい名前で呼ばれることを確かめています。実機ではまだ試していません。
Seventy faults are put into a simulated unit, one after the other; each has to be called by its name and by no other
(`pytest tests/doctor`). None was tried on a real unit yet.
"""


def render() -> str:
    """Return the page as Markdown."""
    lines = [_HEAD, f"## 項目 / Checks ({len(CHECKS)})", "", "| `--only` | 調べること | looks at |", "|---|---|---|"]
    lines += [f"| `{check.name}` | {check.about.ja} | {check.about.en} |" for check in CHECKS]
    lines += ["", f"## 見つかるもの / Findings ({len(FindingCode)})", ""]
    lines += ["`✗` 動かない、または危ない / does not work or lets somebody in · `!` いまは動く / works today · "]
    lines += [
        "`·` 知っておくこと / good to know",
        "",
        "| | コード / code | こと / what | 原因 / cause | すること / do |",
    ]
    lines += ["|---|---|---|---|---|"]
    for code in FindingCode:
        entry = catalogue()[code]
        cells = [f"{text.ja}<br>{text.en}" for text in (entry.what, entry.cause, entry.to_do)]
        told = [cell.replace("{detail}", "…").replace("{where}", "…").replace("|", "\\|") for cell in cells]
        told = ["…" if cell == "…<br>…" else cell for cell in told]
        lines.append(f"| {entry.degree.mark} | `{code}` | {' | '.join(told)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render(), encoding="utf-8")
