"""Does something lie over the face? A mask, sunglasses or a hand leave a part of it without its features.

Eyes and mouth are the parts of a face that are rich in edges, whatever its colour. Under a mask or a hand the mouth is
smooth where the eyes are not; under sunglasses the eyes are smooth, and darker than the cheeks beside the nose. Light
and colour of the whole picture fall out: edges are those of the logarithm of the grey value. What that tells and what
it misses: docs/face.md.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from device.ports.camera import Picture

MOUTH: Final = (slice(82, 102), slice(42, 72))
EYES: Final = ((slice(46, 58), slice(28, 49)), (slice(46, 58), slice(63, 84)))
CHEEKS: Final = ((slice(76, 100), slice(30, 40)), (slice(76, 100), slice(72, 82)), (slice(72, 80), slice(50, 62)))
"""Rows and columns of the aligned face. The cheeks' last part is the skin under the nose's tip."""

SMOOTH_MOUTH: Final = 0.25
"""Mean steepness under which a mouth has no edges; 1 in 100 LFW photos stays below 0.24, of drawn masks 98 in 100."""
MOUTH_TO_EYES: Final = 0.45
"""And beside its eyes: in a blurred picture both are smooth, and then nothing is said."""
SMOOTH_EYES: Final = 0.6
DARK_EYES: Final = 0.55
"""Median of the lighter eye by that of the cheeks; eyes in deep shadow stay above, nearly all."""
FLOOR: Final = 8.0
"""Added to every grey value: in the dark, noise is no edge."""

Grey = npt.NDArray[np.float32]


def is_covered(square: Picture) -> bool:
    """Tell of an aligned face (112 x 112) whether its mouth or its eyes seem to be covered."""
    grey = cv2.GaussianBlur(cv2.cvtColor(square, cv2.COLOR_BGR2GRAY), (0, 0), 1.0).astype(np.float32)
    light: Grey = np.log(grey + FLOOR)
    across, down = cv2.Sobel(light, cv2.CV_32F, 1, 0, ksize=3), cv2.Sobel(light, cv2.CV_32F, 0, 1, ksize=3)
    mouth, *eyes = (float(np.hypot(across[part], down[part]).mean()) for part in (MOUTH, *EYES))
    if mouth < SMOOTH_MOUTH and mouth < MOUTH_TO_EYES * sum(eyes) / len(eyes):
        return True
    if min(eyes) >= SMOOTH_EYES:
        return False
    cheeks = float(np.median(np.concatenate([light[cheek].ravel() for cheek in CHEEKS])))
    lighter_eye = max(float(np.median(light[eye])) for eye in EYES)
    return lighter_eye < cheeks + float(np.log(DARK_EYES))
