"""Secrets that were planted in a log are not in the bundle."""

from __future__ import annotations

import gzip

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from device.app.redaction import REMOVED, bundle, redact

PEM = (
    ec.generate_private_key(ec.SECP256R1())
    .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    .decode()
)
PLANTED = {
    "VERIFY pin=1234 was wrong": "1234",
    "passcode: 482913": "482913",
    "暗証番号は 4321": "4321",
    "照合番号 12345678901234": "12345678901234",
    "reference 1980 0217 2035 22": "0217 2035",
    "my number 123456789012 seen": "123456789012",
    "holder is 氏名: 診療 太郎": "太郎",
    "sent to taro@clinic.example": "taro@",
    f"key {PEM.replace(chr(10), ' ')}": PEM.splitlines()[1],
    "jws eyJhbGciOiJFUzI1NiJ9.eyJwYXlsb2FkIjoxfQ.c2lnbmF0dXJl": "eyJwYXlsb2FkIjoxfQ",
    "ticket UKETSUKE1:ABCDEFGHIJ234567": "ABCDEFGHIJ234567",
    "hash $argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA": "c2FsdA",
    "template " + "QUJD" * 20: "QUJD" * 5,
}


@pytest.mark.parametrize(("line", "secret"), PLANTED.items(), ids=map(str, range(len(PLANTED))))
def test_what_was_planted_is_taken_out(line: str, secret: str) -> None:
    told, removed = redact(line)
    assert secret not in told
    assert REMOVED in told
    assert removed


def test_the_whole_bundle_holds_none_of_it_and_counts_what_it_lacks() -> None:
    content, removed = bundle(["2026-04-01T09:00:00+0900 uketsuke: the line is up", *PLANTED])
    text = gzip.decompress(content).decode()

    assert not [secret for secret in PLANTED.values() if secret in text]
    assert "2026-04-01T09:00:00+0900 uketsuke: the line is up" in text, "a log without times helps nobody"
    assert removed >= len(PLANTED)


def test_a_flood_of_lines_is_cut_to_the_newest_that_fit() -> None:
    content, _ = bundle([f"line {number}: {number * 7919 % 99991:x}" for number in range(50_000)])
    text = gzip.decompress(content).decode()
    assert "line 49999: " in text
    assert "line 100: " not in text
