"""Weights and photos: fetched at set-up, checked by digest, never in the repository."""

from device.app.assets.fetching import fetch
from device.app.assets.store import (
    AssetState,
    Condition,
    check,
    load_manifest,
    load_photos,
    weights_path,
)

__all__ = ["AssetState", "Condition", "check", "fetch", "load_manifest", "load_photos", "weights_path"]
