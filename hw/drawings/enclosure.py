"""The case: how high, how tilted, what the camera then sees; and the braille beside the slot and the camera."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from device.panel.lamps import LAMPS
from hw.drawings.canvas import SOFT, Canvas
from hw.drawings.lamp_names import lamp_name

COUNTER_CM: Final = 72.0
"""Top edge: 70 to 75 cm (横浜市 福祉のまちづくり 施設整備マニュアル, 図19-1)."""
CAMERA_CM: Final = 98.0
CAMERA_TILT: Final = 22.0
CAMERA_FIELD: Final = 67.0
"""Upright, of the Camera Module 3 Wide (Raspberry Pi documentation)."""
FACE_CM: Final = 50.0
KEYPAD_TILT: Final = 25.0
EYES_CM: Final = {"子ども child (110 cm)": 99.0, "車いす seated": 115.0, "立位 standing": 155.0}
"""Assumed, to be asked of people: hw/ASSUMPTIONS.md."""
CARD_MM: Final = (85.6, 53.98)
"""ISO/IEC 7810, ID-1."""
FRONT_CAMERA_MM: Final = 110.0
BLUE, GREEN, PALE = "#1d4f91", "#0b7a5b", "#e8eef5"
BRAILLE_MM: Final = {"pitch": 2.4, "cell": 6.1, "dot": 1.5, "height": 0.6}
"""ADA Standards 2010, table 703.3.1: 2.3 to 2.5, 6.1 to 7.6, 1.5 to 1.6, 0.6 to 0.9 mm."""
CARD_CELLS: Final = ((1, 6), (2, 5), (5,), (2, 3, 4, 5))
"""かーど: か, long vowel, voiced sign, と."""
CAMERA_CELLS: Final = ((1, 6), (1, 2, 3, 4, 5, 6), (1, 5))
"""かめら."""


def covered_cm(distance_cm: float = FACE_CM) -> tuple[float, float]:
    """Return the lowest and the highest point that the camera sees at a distance."""
    low, high = (math.radians(CAMERA_TILT + side * CAMERA_FIELD / 2) for side in (-1, 1))
    return CAMERA_CM + distance_cm * math.tan(low), CAMERA_CM + distance_cm * math.tan(high)


def enclosure() -> str:
    """Draw the case from the side, before a person, and from the front."""
    low, high = covered_cm()
    canvas = Canvas(
        1120, 760, "筐体 The case: height, tilt, layout",
        f"Left: side view. Counter {COUNTER_CM:g} cm, camera {CAMERA_CM:g} cm, tilted {CAMERA_TILT:g} degrees up; at "
        f"{FACE_CM:g} cm it sees from {low:.0f} to {high:.0f} cm. Right: front view: camera, lamps, card tray, keypad.",
    )  # fmt: skip
    canvas.words(30, 42, "筐体 The case: height, tilt, layout", "h")
    _side(canvas, low, high)
    _front(canvas)
    return canvas.svg()


def _side(canvas: Canvas, low: float, high: float) -> None:
    floor, scale = 710.0, 3.4

    def y(cm: float) -> float:
        return floor - scale * cm

    wall = 470.0
    canvas.words(30, 74, "横から Side", "b")
    canvas.path([(30, floor), (540, floor)], width=3)
    canvas.box(wall - 155, y(COUNTER_CM), 215, 10, fill="#c9b899", line="none", round_=0)
    canvas.path([(wall + 45, y(COUNTER_CM)), (wall + 45, floor)], width=6, line="#c9b899")
    top, base = y(CAMERA_CM + 6), y(COUNTER_CM)
    canvas.path(
        [(wall + 40, base), (wall - 66, base), (wall - 62, base - 12), (wall - 8, base - 36), (wall + 4, top),
         (wall + 40, top)],
        fill=PALE, line=BLUE,
    )  # fmt: skip
    eye = (wall + 1, y(CAMERA_CM))
    face = eye[0] - scale * FACE_CM
    canvas.path([eye, (face, y(low)), (face, y(high))], line=GREEN, fill="#dff0e6", width=1.2)
    canvas.dot(*eye, 5, fill=GREEN)
    canvas.words(eye[0] + 10, eye[1] - 28, f"{CAMERA_TILT:g}° 上向き up", "s")
    for name, height in EYES_CM.items():
        canvas.dot(face, y(height), 6, fill="#ffffff", line=BLUE)
        canvas.words(face - 14, y(height) + 5, f"{name} {height:g} cm", "s e")
    canvas.words(face - 14, y(high) + 5, f"{high:.0f} cm", "b e")
    canvas.words(face - 14, y(low) + 16, f"{low:.0f} cm", "b e")
    canvas.measure((face, floor - 34), (eye[0], floor - 34), f"{FACE_CM:g} cm")
    canvas.measure((wall + 64, y(COUNTER_CM)), (wall + 64, floor), f"{COUNTER_CM:g} cm")
    canvas.measure((wall - 120, y(66)), (wall - 120, floor), "膝 knees 66 cm")
    canvas.words(wall - 150, base - 18, f"キー keys {KEYPAD_TILT:g}°", "s")


def _front(canvas: Canvas) -> None:
    left, top, scale = 640.0, 110.0, 2.2
    canvas.words(left, 74, "正面 Front (mm)", "b")
    width = 190 * scale
    canvas.box(left, top, width, 520, fill=PALE, line=BLUE, round_=16)
    middle = left + width / 2
    canvas.dot(middle, top + 42, 17, fill="#ffffff", line=GREEN)
    canvas.dot(middle, top + 42, 7, fill=GREEN)
    canvas.words(middle + 30, top + 47, "顔カメラ face camera", "s")
    for index, (name, color) in enumerate(
        zip(LAMPS, ("#009e73", "#56b4e9", "#ffffff", "#f0e442", "#e69f00"), strict=True)
    ):
        x = middle + (index - 2) * 66
        canvas.dot(x, top + 96, 13, fill=color)
        canvas.words(x, top + 128, lamp_name(name), "s m")
        canvas.words(x, top + 144, name, "s m")
    tray = (middle - 44 * scale, top + 165)
    canvas.box(*tray, 88 * scale, 57 * scale, fill="#ffffff", line=BLUE)
    canvas.box(
        middle - CARD_MM[0] / 2 * scale, tray[1] + 3, CARD_MM[0] * scale, CARD_MM[1] * scale, fill="#f7d9e3", round_=7
    )
    canvas.words(middle, tray[1] + 55, "カード面を上に", "m b")
    canvas.words(middle, tray[1] + 75, "card, face up 85.6 × 54", "m s")
    canvas.measure((tray[0], tray[1] + 145), (tray[0] + 88 * scale, tray[1] + 145), "88")
    for line, words in enumerate((f"{FRONT_CAMERA_MM:g} mm 上に", "券面カメラ", "card camera", "above")):
        canvas.words(tray[0] + 88 * scale + 8, tray[1] + 40 + 18 * line, words, "s")
    _braille_place(canvas, left + 20, tray[1] + 50, CARD_CELLS)
    _braille_place(canvas, middle - 96, top + 36, CAMERA_CELLS)
    pad = (middle - 33 * scale, top + 345)
    canvas.box(pad[0] - 24, pad[1] - 12, 66 * scale + 48, 160, fill="none", line=SOFT, round_=8)
    for line, words in enumerate(("覆い", "左右と奥 40 mm", "shield: sides", "and back 40 mm")):
        canvas.words(pad[0] + 66 * scale + 32, pad[1] + 40 + 18 * line, words, "s")
    for index, key in enumerate("123456789*0#"):
        row, column = divmod(index, 3)
        x, y = pad[0] + 7 + column * 46, pad[1] + 4 + row * 34
        canvas.box(x, y, 38, 28, fill="#ffffff")
        canvas.words(x + 19, y + 19, key, "m b")
        if key == "5":
            canvas.dot(x + 31, y + 21, 2.5, fill="#1f2933")
    canvas.words(middle, top + 508, "スピーカー穴 loudspeaker below", "s m")
    canvas.measure((left, top + 545), (left + width, top + 545), "190")


def _braille_place(canvas: Canvas, x: float, y: float, cells: Sequence[Sequence[int]]) -> None:
    canvas.words(x, y, "点字 braille", "s")
    canvas.words(x, y + 22, "".join(chr(0x2800 + sum(1 << dot - 1 for dot in cell)) for cell in cells), "b")


def braille() -> str:
    """Draw the two labels with the sizes of their dots."""
    canvas = Canvas(
        760, 330, "点字 Braille labels",
        "かーど: dots 1 6, 2 5, 5, 2 3 4 5. かめら: dots 1 6, 1 to 6, 1 5. "
        "Dots 2.4 mm apart, cells 6.1 mm, a dot 1.5 mm wide and 0.6 mm high.",
    )  # fmt: skip
    canvas.words(30, 42, "点字 Braille labels", "h")
    scale = 16.0
    for x, name, cells in ((40.0, "かーど  card", CARD_CELLS), (470.0, "かめら  camera", CAMERA_CELLS)):
        canvas.words(x, 84, name, "b")
        for index, cell in enumerate(cells):
            for dot in range(1, 7):
                column, row = divmod(dot - 1, 3)
                centre = (
                    x + 12 + index * BRAILLE_MM["cell"] * scale + column * BRAILLE_MM["pitch"] * scale,
                    116 + row * BRAILLE_MM["pitch"] * scale,
                )
                raised = dot in cell
                canvas.dot(
                    *centre, BRAILLE_MM["dot"] / 2 * scale if raised else 2, fill="#1f2933" if raised else "#fff"
                )
    first = 52.0
    canvas.measure((first, 246), (first + BRAILLE_MM["pitch"] * scale, 246), f"{BRAILLE_MM['pitch']}")
    second = first + BRAILLE_MM["cell"] * scale
    canvas.measure((first, 284), (second, 284), f"{BRAILLE_MM['cell']} mm")
    canvas.words(230, 252, f"点の径 dot {BRAILLE_MM['dot']} mm, 高さ height {BRAILLE_MM['height']} mm", "s")
    canvas.words(230, 276, "作る前に、点字を読む人に確かめてもらうこと。", "s")
    canvas.words(230, 296, "Have somebody who reads braille check them before they are made.", "s")
    return canvas.svg()
