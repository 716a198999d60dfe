"""onnxruntime behind the Network port."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from io import FileIO
from pathlib import Path
from typing import Final

import numpy as np

from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.face.manifest import check_found
from device.ports.network import Tensor

# Since 1.31 its packages for Linux note in ~/.cache what runs where, and send it to their maker. Whoever forbids that
# has to do so before the import (microsoft/onnxruntime #27379).
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime as ort  # type: ignore[import-untyped]  # it ships no types

COPIED_BYTES: Final = 1024 * 1024
"""At a time: the whole file at once would be the most that a unit ever has in memory."""


class OnnxNetwork:
    """One network on the processor, loaded from exactly the bytes that were checked."""

    def __init__(self, path: Path, sha256: str, *, threads: int = 1) -> None:
        """Read, check and load `path`.

        Raise Fault(MODEL_MISSING) when it is not there, Fault(MODEL_DIGEST_MISMATCH) when it is another file or when
        the runtime cannot read it.
        """
        self._name = path.name
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Several networks share the cores: pools that spin while their network rests made the whole pipeline 3 times
        # slower. While it runs they may: two threads that sleep between its layers are no quicker than one.
        options.add_session_config_entry("session.intra_op.allow_spinning", "1" if threads > 1 else "0")
        options.add_session_config_entry("session.force_spinning_stop", "1")
        options.log_severity_level = 3
        # Buffers that grow to the largest run and stay are for servers; this unit has other uses for its memory. They
        # also keep what went through the network, faces too, while a block that is freed is overwritten (`memory.py`).
        options.enable_cpu_mem_arena = False
        with _sealed_copy(path) as copy:
            check_found(hashlib.file_digest(copy, "sha256").hexdigest(), name=str(path), expected=sha256)
            try:
                self._session = ort.InferenceSession(
                    f"/proc/self/fd/{copy.fileno()}", options, providers=["CPUExecutionProvider"]
                )
            except Exception as error:  # its exceptions share no base class of their own
                raise Fault(
                    f"onnxruntime cannot load {path.name}: {_first_line(error)}",
                    part="models",
                    reason=Reason.MODEL_DIGEST_MISMATCH,
                ) from error
        _give_memory_back()
        self._input: str = self._session.get_inputs()[0].name
        self._outputs: list[str] = [output.name for output in self._session.get_outputs()]

    def run(self, tensor: Tensor) -> Mapping[str, Tensor]:
        """Run on one input; return every output by name. Raise Fault(INTERNAL_FAULT) when the input does not fit."""
        try:
            values = self._session.run(self._outputs, {self._input: tensor})
        except Exception as error:
            raise Fault(
                f"{self._name} did not run: {_first_line(error)}", part="models", reason=Reason.INTERNAL_FAULT
            ) from error
        return {name: np.asarray(value, np.float32) for name, value in zip(self._outputs, values, strict=True)}


@contextlib.contextmanager
def _sealed_copy(path: Path) -> Iterator[FileIO]:
    """Lend a file in memory with what `path` held, which nobody can change between its check and its loading.

    From bytes in its hands the runtime takes 60 MB more for SFace, and keeps them, than from a file. Raise
    Fault(MODEL_MISSING).
    """
    with os.fdopen(os.memfd_create("weights", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING), "w+b", buffering=0) as copy:
        try:
            with path.open("rb", buffering=0) as file:
                shutil.copyfileobj(file, copy, COPIED_BYTES)
        except OSError as error:
            raise Fault(
                f"the weights {path} cannot be read ({error.strerror}); `uketsuke models fetch` gets them",
                part="models",
                reason=Reason.MODEL_MISSING,
            ) from error
        fcntl.fcntl(copy, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
        copy.seek(0)
        yield copy


def _give_memory_back() -> None:
    """Have the C library return what loading took and freed: it keeps it otherwise, 55 MB after SFace."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it, musl has not
    if trim is not None:
        trim(0)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
