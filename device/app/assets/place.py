"""Where weights and recordings are when nobody says it."""

from __future__ import annotations

from pathlib import Path

_CHECKOUT = Path(__file__).parents[3]
_INSTALLED = Path("/usr/share/uketsuke")
"""Where the Debian package puts them."""


def _place(in_checkout: str, installed: str) -> Path:
    is_checkout = (_CHECKOUT / "pyproject.toml").is_file()
    return _CHECKOUT / in_checkout if is_checkout else _INSTALLED / installed


MODELS_DIR = _place("models", "models")
"""The folder with manifest.toml and weights."""
VOICE_DIR = _place("voice/wav", "voice")
"""The folder with the recordings."""
