"""Writes the corpus to start from: `python -m fuzz.seeds`. Keys are invented anew, so the files differ each time.

Inputs that a fuzzer found worth keeping stand beside these under names of libFuzzer's (digests).
"""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from device.card import tlv
from device.drivers.pn532 import frames
from device.sim.card import Algorithm, CardAuthority
from device.sim.card.applications import surface_record
from fuzz import cards, wire_golden

CORPUS = Path(__file__).with_name("corpus")


def seeds() -> dict[str, dict[str, bytes]]:
    """Return inputs by harness and file name."""
    credentials = cards.credentials()
    record = surface_record(credentials, cards.FRONT, cards.PORTRAIT)
    signer = credentials.authority.surface_certificate
    elliptic = CardAuthority(algorithm=Algorithm.ECDSA_P384).issue(
        serial=1, not_before=credentials.auth_certificate.not_valid_before_utc, not_after=cards.NOW
    )
    honest = bytes(64)
    select, query = bytes.fromhex("00A4040C0AD392F000260100000001"), bytes.fromhex("00200080")
    pin_file, read = bytes.fromhex("00A4020C020018"), bytes.fromhex("00B0000000")
    commands = b"".join(bytes([len(apdu)]) + apdu for apdu in (select, pin_file, query, query + b"\x041234", read))
    return {
        "tlv_fields": {
            "record": record[tlv.read_header(record).size :],
            "signer": signer,
            "long-form": bytes.fromhex("DF2282000331323300DF23013100FFFF"),
        },
        "certificate": {
            "rsa": credentials.auth_certificate.public_bytes(Encoding.DER),
            "ecdsa": elliptic.auth_certificate.public_bytes(Encoding.DER),
            "authority": credentials.authority.certificate.public_bytes(Encoding.DER),
            "signing": credentials.signing_certificate.public_bytes(Encoding.DER),
        },
        "surface_record": {"whole": len(record).to_bytes(2, "big") + record + signer, "nothing": b"\0\0"},
        "conversation": {
            "honest": honest,
            "honest-android": b"\x04" + honest,
            "wrong-pin": bytes(60) + b"\xd2\x02",
            "leaves": bytes(9) + b"\xff",
            "short-reads": b"\0" + b"\xb0\x11" * 80,
            "parts": b"\0" + b"\xd9\x10" * 20,
        },
        "examination": {
            "honest": honest,
            "blocked": bytes(5) + b"\xc0\x69\x84",
            "garbage": b"\xe1\x20" + bytes(range(200)),
        },
        "simulated_card": {"visit": commands},
        "wire": {path.stem: path.read_bytes() for path in sorted(wire_golden.GOLDEN.glob("*.json"))},
        "sealed": {name: token.encode() for name, token in wire_golden.examples().tokens.items()},
        "pn532_frames": {
            "ack": frames.ACK,
            "nack": frames.NACK,
            "answer": bytes.fromhex("0000FF06FAD50332010607E800"),
            "extended": bytes.fromhex("0000FFFFFF0102FD") + b"\xd5\x41" + bytes(256) + b"\xea\x00",
            "error": bytes.fromhex("0000FF01FF7F8100"),
        },
    }


def main() -> None:
    """Write every seed; leave what else lies there."""
    for harness, inputs in seeds().items():
        folder = CORPUS / harness
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in inputs.items():
            (folder / f"seed-{name}").write_bytes(data)


if __name__ == "__main__":
    main()
