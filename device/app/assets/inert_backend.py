"""A stand-in for setuptools that runs nothing.

pip wants the metadata of a source archive even when it only downloads it, and asks the archive's build backend for
them: for old archives that is setuptools, which would run the archive's setup.py. This file is put in its place
(see `registry.py`) and answers from the PKG-INFO that every source archive carries. It uses the standard library alone.
"""

from __future__ import annotations

import shutil
from email.parser import HeaderParser
from pathlib import Path


class _Backend:
    """The hooks of PEP 517 that a download calls; the working directory is the unpacked archive."""

    @staticmethod
    def prepare_metadata_for_build_wheel(
        metadata_directory: str,
        config_settings: object = None,  # noqa: ARG004  pip passes it by this name
    ) -> str:
        """Copy PKG-INFO as METADATA and return the folder's name."""
        info = Path("PKG-INFO")
        said = HeaderParser().parsestr(info.read_text(encoding="utf-8"))
        folder = Path(metadata_directory, f"{said['Name'].replace('-', '_')}-{said['Version']}.dist-info")
        folder.mkdir()
        shutil.copyfile(info, folder / "METADATA")
        return folder.name


__legacy__ = _Backend()
