from __future__ import annotations

import pytest

from device.card import apdu
from device.card.files import Application, CardFile
from device.card.profiles import RSA_2048_SHA_256

# Written by hand from the facts of the card, 2.6 and 9.1.
VECTORS = [
    (apdu.select_application(Application.JPKI), "00A4040C0AD392F000260100000001"),
    (apdu.select_application(Application.SURFACE), "00A4040C0AD3921000310001010402"),
    (apdu.select_file(CardFile.TOKEN_INFO), "00A4020C020006"),
    (apdu.select_file(CardFile.AUTH_CERTIFICATE), "00A4020C02000A"),
    (apdu.select_file(CardFile.AUTH_KEY), "00A4020C020017"),
    (apdu.select_file(CardFile.AUTH_PIN), "00A4020C020018"),
    (apdu.select_file(CardFile.SURFACE_RECORD), "00A4020C020002"),
    (apdu.select_file(CardFile.REFERENCE_NUMBER_B), "00A4020C020012"),
    (apdu.tries_left(), "00200080"),
    (apdu.verify(bytearray(b"1234")), "002000800431323334"),
    (apdu.verify(bytearray(b"55021720352285")), "002000800E3535303231373230333532323835"),
    (apdu.read_binary(0, 4), "00B0000004"),
    (apdu.read_binary(0, 256), "00B0000000"),
    (apdu.read_binary(256, 256), "00B0010000"),
    (apdu.read_binary(0x7FFF, 1), "00B07FFF01"),
    (apdu.get_response(256), "00C0000000"),
    (
        # SHA-256 of nothing, a number that everybody knows.
        apdu.compute_signature(RSA_2048_SHA_256.to_be_signed(b"")),
        (
            "802A008033"
            "3031300D060960864801650304020105000420"
            "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"
            "00"
        ),
    ),
]


@pytest.mark.parametrize(("command", "expected"), VECTORS, ids=[str(command) for command, _ in VECTORS])
def test_a_command_has_the_bytes_that_other_clients_send(command: apdu.Command, expected: str) -> None:
    assert command.encode().hex().upper() == expected


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (apdu.verify(bytearray(b"1234")), "VERIFY 00 20 00 80 [4 bytes]"),
        (apdu.compute_signature(b"digest"), "SIGN 80 2A 00 80 [6 bytes]"),
        (apdu.select_file(CardFile.AUTH_PIN), "SELECT 00 A4 02 0C 00 18"),
        (apdu.tries_left(), "VERIFY (counter) 00 20 00 80"),
    ],
)
def test_a_command_shows_what_it_selects_and_hides_everything_else(command: apdu.Command, text: str) -> None:
    assert str(command) == text
    if not command.public:
        assert "31323334" not in repr(command)
        assert "1234" not in repr(command)


def test_wiping_the_digits_wipes_the_command() -> None:
    digits = bytearray(b"1234")
    command = apdu.verify(digits)
    digits[:] = bytes(4)
    assert command.encode().hex() == "002000800400000000"


def test_no_digits_are_no_verify() -> None:
    # The card would take it for a question about its counter, and the question would look like a right PIN.
    with pytest.raises(ValueError, match="digits"):
        apdu.verify(bytearray())


@pytest.mark.parametrize("length", [0, 257, -1])
def test_a_short_command_asks_for_1_to_256_bytes(length: int) -> None:
    with pytest.raises(ValueError, match="Le is 1 to 256"):
        apdu.read_binary(0, length)


@pytest.mark.parametrize("offset", [-1, 0x8000])
def test_read_binary_has_fifteen_bits_for_the_offset(offset: int) -> None:
    with pytest.raises(ValueError, match="no offset"):
        apdu.read_binary(offset, 1)


def test_a_body_fits_a_short_command() -> None:
    with pytest.raises(ValueError, match="256 bytes do not fit"):
        apdu.compute_signature(bytes(256))
