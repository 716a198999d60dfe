"""What goes wrong on the way to a broker, in words for the technician who stands in front of the unit."""

from __future__ import annotations

import socket
import ssl

_VERIFY = {
    # X509_V_ERR_… of OpenSSL (verify(1)): those that a site meets.
    9: "the broker's certificate is not valid yet; is this unit's clock right?",
    10: "the broker's certificate has expired, or this unit's clock is wrong",
    18: "the broker's certificate is not signed by this unit's authority",
    19: "the broker's certificate is not signed by this unit's authority",
    20: "the broker's certificate is not signed by this unit's authority",
    21: "the broker's certificate is not signed by this unit's authority",
    23: "the broker's certificate is revoked",
    62: "the broker's certificate is for another name than {host}",
    64: "the broker's certificate is for another address than {host}",
}

_ALERTS = {
    # Parts of OpenSSL's names for what the other end said; the names around them differ between its versions.
    "UNKNOWN_CA": "the broker refuses this unit's certificate: issued by an authority that it does not know",
    "CERTIFICATE_EXPIRED": "the broker refuses this unit's certificate: it has expired, or a clock is wrong",
    "CERTIFICATE_REVOKED": "the broker refuses this unit's certificate: it is revoked",
    "CERTIFICATE_REQUIRED": "the broker refuses this unit: it saw no certificate",
    "BAD_CERTIFICATE": "the broker refuses this unit's certificate",
    "CERTIFICATE_UNKNOWN": "the broker refuses this unit's certificate",
    "UNSUPPORTED_CERTIFICATE": "the broker refuses this unit's certificate: it is of a kind for another purpose",
    "PROTOCOL_VERSION": "the broker speaks no TLS version that this unit accepts",
    "HANDSHAKE_FAILURE": "the broker and this unit have no TLS method in common",
}


def not_connected(error: Exception, host: str, port: int) -> str:
    """Say why a connection did not come about."""
    place = f"{host}:{port}"
    match error:
        case ssl.SSLCertVerificationError():
            words = _VERIFY.get(error.verify_code, f"the broker's certificate does not hold: {error.verify_message}")
            return words.format(host=host)
        case ssl.SSLError():
            return broken(str(error)) or f"no TLS with {place}: {error.reason or error}"
        case ConnectionRefusedError():
            return f"no broker listens at {place}"
        case ConnectionError():
            return f"{place} hung up"
        case TimeoutError():
            return f"no answer from {place}"
        case socket.gaierror():
            return f"the name {host} is unknown here: {error.strerror}"
        case OSError():
            return f"no way to {place}: {error.strerror or error}"
        case _:
            return f"no connection to {place}: {error}"


def is_verdict(error: Exception) -> bool:
    """Return whether one end judged the other, rather than that a connection broke."""
    return isinstance(error, ssl.SSLError) and not isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError))


def broken(words: str) -> str | None:
    """Say what a library's words about a broken connection mean, if the other end gave a reason by TLS alert."""
    if "ALERT" not in words.upper():
        return None
    known = next((sentence for part, sentence in _ALERTS.items() if part in words.upper()), None)
    return known or f"the broker ended the TLS connection: {words}"
