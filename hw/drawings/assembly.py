"""How a unit goes together, in six drawings on one page."""

from __future__ import annotations

from typing import Final

from hw.drawings.canvas import SOFT, Canvas

PANEL: Final = (360, 300)
BLUE, GREEN, RED, PALE, BOARD = "#1d4f91", "#0b7a5b", "#b3261e", "#e8eef5", "#d7e6d2"
STEPS: Final = (
    ("基板に放熱器、時計、記憶媒体", "heat sink, clock and storage onto the board"),
    ("ランプ・ブザーの小基板", "the little board of lamps and buzzer"),
    ("テンキーと1 kΩ", "keypad, 1 kΩ in each row"),
    ("リーダーをトレイの下に", "reader under the tray, away from metal"),
    ("カメラ2台とランプ", "two cameras and the tray's lamp"),
    ("閉じる前の確認", "check before it is closed"),
)


def assembly() -> str:
    """Draw the steps."""
    width, height = PANEL
    canvas = Canvas(
        3 * width + 60, 2 * height + 90, "組み立て Assembly in six steps",
        "; ".join(f"{index}: {en}" for index, (_, en) in enumerate(STEPS, start=1)),
    )  # fmt: skip
    canvas.words(30, 42, "組み立て Assembly in six steps", "h")
    for index, ((ja, en), draw) in enumerate(
        zip(STEPS, (_board, _lamps, _keypad, _reader, _cameras, _check), strict=True)
    ):
        x, y = 20 + (index % 3) * (width + 10), 64 + (index // 3) * (height + 10)
        canvas.box(x, y, width, height, fill="#ffffff", line="#c9c3b4")
        canvas.dot(x + 24, y + 26, 15, fill=BLUE, line="none")
        canvas.words(x + 24, y + 31, str(index + 1), "w m")
        canvas.words(x + 48, y + 24, ja, "b")
        canvas.words(x + 48, y + 43, en, "s")
        draw(canvas, x, y + 56)
    return canvas.svg()


def _board(canvas: Canvas, x: float, y: float) -> None:
    canvas.box(x + 50, y + 40, 230, 150, fill=BOARD, line=GREEN)
    for row in range(2):
        for pin in range(20):
            first = row == 1 and pin == 0
            canvas.box(
                x + 62 + pin * 9, y + 48 + row * 9, 6, 6, fill=RED if first else "#1f2933", line="none", round_=1
            )
    canvas.box(x + 130, y + 95, 60, 60, fill="#9aa5b1")
    for fin in range(5):
        canvas.path([(x + 138 + fin * 11, y + 97), (x + 138 + fin * 11, y + 153)], line="#ffffff", width=3)
    canvas.words(x + 200, y + 122, "放熱器", "s")
    canvas.words(x + 200, y + 140, "heat sink", "s")
    canvas.box(x + 54, y + 76, 44, 36, fill="#f0e442")
    canvas.words(x + 104, y + 90, "DS3231", "s")
    canvas.box(x + 28, y + 150, 42, 30, fill="#1f2933")
    canvas.words(x + 76, y + 182, "microSD", "s")
    canvas.words(x + 52, y + 30, "赤が1番ピン(内側の列) red: pin 1, inner row", "s")


def _lamps(canvas: Canvas, x: float, y: float) -> None:
    canvas.path([(x + 62, y + 120), (x + 120, y + 120)])
    canvas.words(x + 20, y + 125, "GPIO", "s")
    canvas.box(x + 76, y + 111, 34, 18, fill="#ffffff")
    canvas.words(x + 76, y + 104, "1 kΩ", "s")
    canvas.dot(x + 150, y + 120, 30, fill="#ffffff")
    canvas.path([(x + 120, y + 120), (x + 138, y + 120)])
    canvas.path([(x + 138, y + 102), (x + 138, y + 138)], width=4)
    canvas.path([(x + 138, y + 112), (x + 162, y + 98), (x + 162, y + 84)])
    canvas.path([(x + 138, y + 128), (x + 162, y + 142), (x + 162, y + 180)])
    canvas.path([(x + 152, y + 140), (x + 161, y + 142), (x + 156, y + 133)], fill="#1f2933", width=1)
    canvas.path([(x + 148, y + 180), (x + 176, y + 180)], width=4)
    canvas.words(x + 184, y + 185, "GND", "s")
    canvas.path([(x + 162, y + 84), (x + 162, y + 58)])
    canvas.path([(x + 150, y + 38), (x + 174, y + 38), (x + 162, y + 58)], fill="#56b4e9")
    canvas.path([(x + 150, y + 59), (x + 174, y + 59)], width=3)
    canvas.words(x + 114, y + 54, "LED", "s")
    canvas.path([(x + 162, y + 38), (x + 162, y + 16), (x + 206, y + 16)])
    canvas.box(x + 206, y + 7, 44, 18, fill="#ffffff")
    canvas.words(x + 206, y + 44, "150 Ω", "s")
    canvas.path([(x + 250, y + 16), (x + 290, y + 16)])
    canvas.words(x + 294, y + 21, "5 V", "s")
    canvas.words(x + 20, y + 207, "ランプごとに1組。ブザーはLEDと150 Ωの代わり。", "s")
    canvas.words(x + 20, y + 225, "one per lamp; buzzer in place of LED and 150 Ω", "s")


def _keypad(canvas: Canvas, x: float, y: float) -> None:
    for index, key in enumerate("123456789*0#"):
        row, column = divmod(index, 3)
        canvas.box(x + 36 + column * 48, y + 24 + row * 44, 40, 34, fill=PALE)
        canvas.words(x + 56 + column * 48, y + 46 + row * 44, key, "m b")
        if key == "5":
            canvas.dot(x + 70 + column * 48, y + 52 + row * 44, 3, fill="#1f2933")
    for row, line in enumerate((4, 5, 6, 13)):
        y1 = y + 41 + row * 44
        canvas.path([(x + 178, y1), (x + 214, y1)])
        canvas.box(x + 214, y1 - 8, 34, 16, fill="#ffffff")
        canvas.path([(x + 248, y1), (x + 280, y1)])
        canvas.words(x + 284, y1 + 5, f"GPIO{line}", "s")
    for column, line in enumerate((16, 12, 25)):
        canvas.words(x + 56 + column * 48, y + 216, str(line), "s m")
    canvas.words(x + 30, y + 234, "列 columns: GPIO16, 12, 25 (4×4: 20)", "s")
    canvas.words(x + 212, y + 22, "1 kΩ", "s")


def _reader(canvas: Canvas, x: float, y: float) -> None:
    canvas.box(x + 70, y + 62, 220, 10, fill="#f7d9e3")
    canvas.words(x + 180, y + 54, "カード card", "s m")
    canvas.box(x + 50, y + 74, 260, 12, fill=PALE, line=BLUE)
    canvas.words(x + 316, y + 85, "2 mm", "s")
    canvas.box(x + 90, y + 88, 180, 34, fill="#1f2933")
    canvas.words(x + 180, y + 110, "リーダー reader", "w m")
    canvas.measure((x + 60, y + 124), (x + 60, y + 176), "20 mm +")
    canvas.box(x + 90, y + 178, 180, 22, fill=BOARD, line=GREEN)
    canvas.words(x + 180, y + 194, "基板 board", "m s")
    canvas.words(x + 30, y + 222, "ねじ・金属板はアンテナから20 mm以上離す。", "s")
    canvas.words(x + 30, y + 238, "screws and metal: 20 mm from the antenna", "s")


def _cameras(canvas: Canvas, x: float, y: float) -> None:
    canvas.box(x + 60, y + 196, 200, 8, fill="#f7d9e3")
    canvas.box(x + 142, y + 42, 36, 20, fill="#1f2933")
    canvas.path([(x + 160, y + 62), (x + 66, y + 195), (x + 254, y + 195)], fill="#dff0e6", line=GREEN, width=1)
    canvas.measure((x + 292, y + 62), (x + 292, y + 195), "110 mm")
    canvas.words(x + 160, y + 32, "券面カメラ card camera", "s m")
    canvas.box(x + 20, y + 120, 16, 46, fill="#f0e442")
    canvas.path([(x + 38, y + 142), (x + 110, y + 190)], line="#b58900", dash=True)
    canvas.words(x + 16, y + 112, "照明 lamp", "s")
    canvas.words(x + 16, y + 224, "光は横から(45°以上)。正面の反射を防ぐ。", "s")
    canvas.words(x + 16, y + 239, "light from the side, 45° or more: no glare", "s")


def _check(canvas: Canvas, x: float, y: float) -> None:
    lines = (
        ("uketsuke panel check", "キー・ランプ・音 keys, lamps, sound"),
        ("uketsuke camera check", "カメラ2台 both cameras"),
        ("uketsuke doctor", "すべて everything"),
        ("hw/uketsuke-bench station", "ベンチの記録 the bench's record"),
    )
    for row, (command, what) in enumerate(lines):
        top = y + 30 + row * 46
        canvas.box(x + 24, top, 22, 22, fill="#ffffff")
        canvas.path([(x + 28, top + 11), (x + 34, top + 17), (x + 43, top + 4)], line=GREEN, width=3)
        canvas.words(x + 58, top + 10, command, "b")
        canvas.words(x + 58, top + 27, what, "s")
    canvas.path([(x + 24, y + 214), (x + 330, y + 214)], line=SOFT, width=1)
    canvas.words(x + 24, y + 232, "電源を切ってから配線を直すこと。 Power off first.", "s")
