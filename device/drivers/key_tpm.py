"""A key in a TPM 2.0, by OpenSSL's command and the tpm2 provider (Debian: openssl, tpm2-openssl).

The file holds the key wrapped by the TPM ("TSS2 PRIVATE KEY"): it opens in that TPM alone, which keeps nothing, so
there may be as many as there are files.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason
from device.drivers.kept_file import overwrite, write_whole
from device.drivers.key_elsewhere import KeyElsewhere
from device.drivers.key_tool import ToolRefused, run_tool
from device.ports.key_store import KeyKind, request_for
from device.whole_file import PRIVATE

# Without the preference OpenSSL 3.0 hands the key to its own provider, which has no use for its private half.
_PROVIDERS = ("-provider", "tpm2", "-provider", "default", "-propquery", "?provider=tpm2")

_INTEGRITY = "0x000001df"
"""TPM_RC_INTEGRITY of the first parameter (TPM 2.0 part 2, 6.6): it did not wrap this."""


class TpmKey:
    """A `KeyStore` in a TPM."""

    def __init__(self, path: Path, *, tcti: str) -> None:
        """`path` need not be there yet; `tcti` is where the TPM is, e.g. `device:/dev/tpmrm0`."""
        self._path = path
        self._tcti = tcti

    @property
    def kind(self) -> KeyKind:
        """A TPM."""
        return "tpm"

    def request(self) -> tuple[bytes, ec.EllipticCurvePublicKey]:
        """Return a request that the TPM signed."""
        if not self._path.exists():
            write_whole(self._path, self._ask("genpkey", "-algorithm", "EC", "-pkeyopt", "group:P-256"), mode=PRIVATE)
        key = self.private_key()
        return request_for(key), key.public_key()

    def private_key(self) -> ec.EllipticCurvePrivateKey:
        """Return what signs in the TPM."""
        return KeyElsewhere(self._public, self._sign)

    def forget(self) -> None:
        """Overwrite and delete the file: the TPM has no copy."""
        self.__dict__.pop("_public", None)
        overwrite(self._path)

    @cached_property
    def _public(self) -> ec.EllipticCurvePublicKey:
        try:
            wrapped = self._path.read_bytes()
        except OSError as error:
            raise BadConfig(f"cannot be read: {error.strerror}", where=str(self._path)) from error
        if b"TSS2 PRIVATE KEY" not in wrapped:
            words = 'is no key of a TPM, though [key] store is "tpm"; delete it to have one made'
            raise BadConfig(words, where=str(self._path))
        key = serialization.load_pem_public_key(self._ask("pkey", "-in", str(self._path), "-pubout"))
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise BadConfig("is a key of another kind than P-256", where=str(self._path))
        return key

    def _sign(self, digest: bytes) -> bytes:
        return self._ask("pkeyutl", "-sign", "-inkey", str(self._path), "-pkeyopt", "digest:sha256", given=digest)

    def _ask(self, *words: str, given: bytes = b"") -> bytes:
        command = ("openssl", words[0], *_PROVIDERS, *words[1:])
        place = {"TPM2OPENSSL_TCTI": self._tcti, "TSS2_LOG": "all+error"}
        try:
            return run_tool(command, package="openssl tpm2-openssl", given=given, environment=place)
        except ToolRefused as no:
            raise self._told(no.words) from no

    def _told(self, words: str) -> BadConfig | Fault:
        if "could not load the shared library" in words or "tpm2.so" in words:
            return BadConfig("OpenSSL has no provider for a TPM: apt install tpm2-openssl", where="[key] store")
        if "unable to load provider tpm2" in words:
            return BadConfig(
                f"there is no TPM at {self._tcti}, or this account may not use it (group tss)", where="[key] tcti"
            )
        if _INTEGRITY in words:
            return BadConfig("this key was made in another TPM: claim this unit anew", where=str(self._path))
        return Fault(f"the TPM refused: {words[-300:]}", part="key", reason=Reason.INTERNAL_FAULT)
