"""A program that behaves like a 資格確認端末 at its shared folders, for tests and trying out; never a real one.

    python -m clinic.terminal_sim REQ RES --manner slowly --encoding Shift_JIS

It takes requests away, looks invented people up and writes answers, in the manner that it is told.
"""

from __future__ import annotations

import argparse
import struct
import sys
import threading
import zlib
from enum import StrEnum
from pathlib import Path

from clinic.national_service import InsuranceQuery, OnRecord
from clinic.official_xml import Encoding, from_xml, to_xml
from clinic.people import load_people
from clinic.record import RESULT_LIST, text_of
from clinic.stand_in import StandInService
from device.domain.errors import MessageError

LOOK_S = 0.01
PIECE = 97
"""Bytes; not a divisor of any character's length."""

PASSWORD = b"invented"


class Manner(StrEnum):
    """How it answers."""

    AT_ONCE = "at_once"
    SLOWLY = "slowly"
    """In pieces: the file is there long before it is whole."""
    HALF = "half"
    """It stops in the middle and never goes on."""
    ZIPPED = "zipped"
    """As an encrypted ZIP."""
    NOT_AT_ALL = "not_at_all"
    """It takes requests away, and that is all."""
    BOMB = "bomb"
    """Somebody put a file there that grows when it is read."""
    ERROR = "error"


def answer(request: bytes, service: StandInService, encoding: Encoding, manner: Manner) -> bytes:
    """Return the answer file for a request file."""
    asked = from_xml(request)
    search = asked.get("QualificationConfirmSearchInfo")
    if manner is Manner.BOMB:
        return b'<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]><XmlMsg>&c;</XmlMsg>'
    if not isinstance(search, dict) or manner is Manner.ERROR:
        return to_xml({**asked, "SegmentOfResult": "9", "ErrorCode": "OQC-SIM9"}, encoding)
    record = service.look_up(
        InsuranceQuery(
            insurer_number=(text_of(search, "InsurerNumber") or "").strip(),
            number=text_of(search, "InsuredIdentificationNumber") or "",
            birthdate=text_of(search, "Birthdate") or "",
            symbol=text_of(search, "InsuredCardSymbol"),
            branch=text_of(search, "InsuredBranchNumber"),
        )
    )
    return to_xml(_document(asked, record), encoding)


def _document(asked: dict[str, object], record: OnRecord) -> dict[str, object]:
    return {
        **{name: value for name, value in asked.items() if isinstance(value, str)},
        "ProcessExecutionTime": "20261122120000",
        "ReferenceClassification": "2",
        "SegmentOfResult": "1",
        "ProcessingResultStatus": "1",
        "QualificationValidity": record.validity,
        RESULT_LIST: list(record.results),
    }


def encrypted_zip(name: str, content: bytes, password: bytes) -> bytes:
    """Return a ZIP with one stored file, encrypted in ZIP's own old way (APPNOTE 6.1), which Python only reads."""
    keys = [0x12345678, 0x23456789, 0x34567890]

    def update(byte: int) -> None:
        keys[0] = zlib.crc32(bytes([byte]), keys[0] ^ 0xFFFFFFFF) ^ 0xFFFFFFFF
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = zlib.crc32(bytes([keys[1] >> 24]), keys[2] ^ 0xFFFFFFFF) ^ 0xFFFFFFFF

    def encrypt(plain: bytes) -> bytes:
        out = bytearray()
        for byte in plain:
            mask = (keys[2] | 2) & 0xFFFF
            out.append(byte ^ ((mask * (mask ^ 1)) >> 8 & 0xFF))
            update(byte)
        return bytes(out)

    for byte in password:
        update(byte)
    check = zlib.crc32(content)
    body = encrypt(bytes(11) + bytes([check >> 24])) + encrypt(content)
    sizes = struct.pack("<III", check, len(body), len(content))
    common = struct.pack("<HHHHH", 20, 1, 0, 0, 0x5D76) + sizes
    file_name = name.encode()
    local = b"PK\x03\x04" + common + struct.pack("<HH", len(file_name), 0) + file_name + body
    central = b"PK\x01\x02" + struct.pack("<H", 20) + common
    central += struct.pack("<HHHHHII", len(file_name), 0, 0, 0, 0, 0, 0) + file_name
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end


class SimulatedTerminal:
    """The terminal at its two folders."""

    def __init__(self, requests: Path, results: Path, *, manner: Manner, encoding: Encoding) -> None:
        self._requests = requests
        self._results = results
        self._manner = manner
        self._encoding = encoding
        self._service = StandInService(load_people())
        self._pause = threading.Event()

    def run(self) -> None:
        """Answer requests until the folder is gone."""
        while self._requests.is_dir():
            for request in sorted(self._requests.glob("OQSsiquc01req_*.xml")):
                self._take(request)
            self._pause.wait(LOOK_S)

    def _take(self, request: Path) -> None:
        content = request.read_bytes()
        request.unlink()
        if self._manner is Manner.NOT_AT_ALL:
            return
        path = self._results / request.name.replace("req", "res", 1)
        try:
            whole = answer(content, self._service, self._encoding, self._manner)
        except MessageError as error:
            sys.stderr.write(f"not answered: {error}\n")
            return
        match self._manner:
            case Manner.SLOWLY:
                self._write_in_pieces(path, whole)
            case Manner.HALF:
                path.write_bytes(whole[: len(whole) // 2])
            case Manner.ZIPPED:
                path.with_suffix(".zip").write_bytes(encrypted_zip(path.name, whole, PASSWORD))
            case _:
                path.write_bytes(whole)

    def _write_in_pieces(self, path: Path, whole: bytes) -> None:
        with path.open("wb", buffering=0) as file:
            for start in range(0, len(whole), PIECE):
                file.write(whole[start : start + PIECE])
                self._pause.wait(LOOK_S)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description="A stand-in for a 資格確認端末 at its shared folders.")
    parser.add_argument("requests", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--manner", type=Manner, default=Manner.AT_ONCE, choices=list(Manner))
    parser.add_argument("--encoding", type=Encoding, default=Encoding.UTF_8, choices=list(Encoding))
    options = parser.parse_args()
    terminal = SimulatedTerminal(options.requests, options.results, manner=options.manner, encoding=options.encoding)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    terminal.run()


if __name__ == "__main__":
    main()
