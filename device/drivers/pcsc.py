"""pyscard behind the card ports. PC/SC answers with codes, not exceptions: every one of them is translated here."""

from __future__ import annotations

import re
import time
from threading import Lock
from typing import Final

from smartcard import scard  # type: ignore[import-untyped]  # pyscard ships no types

from device.domain.errors import CardError, CardLost, CardUnreadable, Fault
from device.domain.finding import FindingCode
from device.domain.reasons import Reason
from device.ports.card import CardConnection

_PART: Final = "card reader"
_STATUS_WORD: Final = 2

_NO_CARD: Final = frozenset({scard.SCARD_E_NO_SMARTCARD, scard.SCARD_W_REMOVED_CARD})
_MUTE_CARD: Final = frozenset(
    {
        scard.SCARD_W_UNRESPONSIVE_CARD,
        scard.SCARD_W_UNPOWERED_CARD,
        scard.SCARD_W_UNSUPPORTED_CARD,
        scard.SCARD_E_PROTO_MISMATCH,
        scard.SCARD_E_CARD_UNSUPPORTED,
    }
)
_ADVICE: Final = {
    scard.SCARD_E_NO_SERVICE: "the PC/SC service does not run: start pcscd",
    scard.SCARD_E_SERVICE_STOPPED: "the PC/SC service has stopped: start pcscd again",
    scard.SCARD_E_SHARING_VIOLATION: "another program holds the card: stop it, the unit needs the reader for itself",
    scard.SCARD_W_SECURITY_VIOLATION: "polkit does not let this account use the reader: install the unit's polkit rule",
    scard.SCARD_E_READER_UNAVAILABLE: "the reader is gone: check its cable",
    scard.SCARD_E_UNKNOWN_READER: "the reader is gone: check its cable",
}
_FINDINGS: Final = {
    scard.SCARD_E_NO_SERVICE: FindingCode.PCSCD_DOWN,
    scard.SCARD_E_SERVICE_STOPPED: FindingCode.PCSCD_DOWN,
    scard.SCARD_E_SHARING_VIOLATION: FindingCode.READER_HELD,
    scard.SCARD_W_SECURITY_VIOLATION: FindingCode.READER_FORBIDDEN,
}


class PcscReader:
    """The first PC/SC reader whose name matches `pattern`.

    `refuse` is a pattern of names that are never used, whatever `pattern` says. Raise re.error for a bad pattern.
    Waiting and connecting may happen in different threads: each has a PC/SC context of its own.
    """

    def __init__(self, pattern: str, *, refuse: str | None = None) -> None:
        self._pattern = re.compile(pattern)
        self._refuse = re.compile(refuse) if refuse is not None else None
        self._name = f"/{pattern}/"
        self._waiting = _Context()

    @property
    def name(self) -> str:
        """The reader's PC/SC name, or the pattern while none was found."""
        return self._name

    def fitting(self) -> tuple[str, ...]:
        """Return the names of all readers that `pattern` fits, the one in use first. Raise Fault without any."""
        context = _Context()  # another thread may be waiting in the other one
        try:
            self._choose(context)
            return tuple(name for name in self._usable(context) if self._pattern.search(name))
        finally:
            context.release()

    def close(self) -> None:
        """Let go of the PC/SC service. Call it when no other thread waits any more."""
        self._waiting.release()

    def wait_for_change(self, *, present: bool, timeout_s: float) -> bool:
        """Wait as the port says."""
        try:
            return self._wait(present=present, timeout_s=timeout_s)
        except Fault:
            # The context may belong to a service that is no more; the next call asks for a new one.
            self._waiting.release()
            raise

    def connect(self) -> PcscConnection:
        """Power the card anew and hold it exclusively."""
        context = _Context()
        try:
            return self._connect(context)
        except BaseException:
            context.release()
            raise

    def _wait(self, *, present: bool, timeout_s: float) -> bool:
        name = self._choose(self._waiting)
        # The service waits, in real time whatever clock the unit lives by. After a change that says nothing of presence
        # (somebody connected) the rest of the time has to be known.
        deadline = time.monotonic() + timeout_s
        state = self._state(name, scard.SCARD_STATE_UNAWARE, 0)
        while bool(state & scard.SCARD_STATE_PRESENT) == present and (left := deadline - time.monotonic()) > 0:
            state = self._state(name, state & ~scard.SCARD_STATE_CHANGED, left)
        return bool(state & scard.SCARD_STATE_PRESENT)

    def _state(self, name: str, known: int, timeout_s: float) -> int:
        """Return the reader's state once it differs from `known`, or after the time."""
        handle = self._waiting.handle()
        code, states = scard.SCardGetStatusChange(handle, round(timeout_s * 1000), [(name, known)])
        if code == scard.SCARD_E_TIMEOUT:
            return known
        if code != scard.SCARD_S_SUCCESS:
            raise _fault("waiting for a card", code)
        state: int = states[0][1]
        if state & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE | scard.SCARD_STATE_IGNORE):
            raise _fault("waiting for a card", scard.SCARD_E_READER_UNAVAILABLE)
        return state

    def _connect(self, context: _Context) -> PcscConnection:
        name = self._choose(context)
        protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        code, card, protocol = scard.SCardConnect(context.handle(), name, scard.SCARD_SHARE_EXCLUSIVE, protocols)
        if code != scard.SCARD_S_SUCCESS:
            raise _no_connection(code)
        connection = PcscConnection(context, card, protocol)
        # A card that lay here when the unit was restarted may hold a verified PIN, and only loss of power ends that.
        code, protocol = scard.SCardReconnect(card, scard.SCARD_SHARE_EXCLUSIVE, protocols, scard.SCARD_UNPOWER_CARD)
        if code != scard.SCARD_S_SUCCESS:
            connection.power_off()
            raise _no_connection(code)
        return connection

    def _usable(self, context: _Context) -> list[str]:
        return [name for name in _names(context) if self._refuse is None or not self._refuse.search(name)]

    def _choose(self, context: _Context) -> str:
        usable = self._usable(context)
        for name in usable:
            if self._pattern.search(name):
                self._name = name
                return name
        present = ", ".join(usable) or "none"
        if refused := sorted(set(_names(context)) - set(usable)):
            present += f"; never used here: {', '.join(refused)}"
        raise Fault(
            f"no card reader matches /{self._pattern.pattern}/; readers present: {present}",
            part=_PART,
            reason=Reason.READER_FAULT,
            finding=FindingCode.READER_OTHER if usable else FindingCode.READER_MISSING,
        )


class PcscConnection(CardConnection):
    """A card held through PC/SC. One thread at a time."""

    def __init__(self, context: _Context, card: int, protocol: int) -> None:
        self._context = context
        self._card: int | None = card
        self._protocol = scard.SCARD_PCI_T0 if protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1

    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        """Send one command. Whatever PC/SC reports instead of an answer, the card's state is lost: CardLost."""
        if self._card is None:
            raise CardLost("the card was released")
        code, answer = scard.SCardTransmit(self._card, self._protocol, list(apdu))
        if code != scard.SCARD_S_SUCCESS:
            raise CardLost(f"no answer to the last command: {_describe(code)}")
        if len(answer) < _STATUS_WORD:
            # pcscd's word for a card that left between question and answer, where the reader does not say so itself.
            raise CardLost("an answer without a status word")
        data = _octets(answer)
        return data[:-_STATUS_WORD], int.from_bytes(data[-_STATUS_WORD:], "big")

    def power_off(self) -> None:
        """Cut the card's power and let go of it; harmless when repeated or when the card is gone."""
        card, self._card = self._card, None
        if card is not None:
            scard.SCardDisconnect(card, scard.SCARD_UNPOWER_CARD)
            self._context.release()


class _Context:
    """A client's link to the PC/SC service, opened when it is first needed."""

    def __init__(self) -> None:
        self._handle: int | None = None
        self._lock = Lock()

    def handle(self) -> int:
        """Return the open link. Raise Fault when there is no service."""
        with self._lock:
            if self._handle is None:
                code, handle = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
                if code != scard.SCARD_S_SUCCESS:
                    raise _fault("reaching the PC/SC service", code)
                self._handle = handle
            return self._handle

    def release(self) -> None:
        """Close the link; harmless when it is not open."""
        with self._lock:
            handle, self._handle = self._handle, None
        if handle is not None:
            scard.SCardReleaseContext(handle)


def _names(context: _Context) -> list[str]:
    code, names = scard.SCardListReaders(context.handle(), [])
    if code not in {scard.SCARD_S_SUCCESS, scard.SCARD_E_NO_READERS_AVAILABLE}:
        raise _fault("looking for readers", code)
    return [str(name) for name in names]


def _octets(numbers: list[int]) -> bytes:
    """Turn pyscard's list into bytes: it holds signed or unsigned numbers, depending on the platform."""
    try:
        return bytes(numbers)  # the usual case, and several times faster than to look at each number
    except ValueError:
        return bytes(number & 0xFF for number in numbers)


def _no_connection(code: int) -> CardError | Fault:
    if code in _NO_CARD:
        return CardLost("no card on the reader")
    if code in _MUTE_CARD:
        return CardUnreadable(f"the card does not answer to power: {_describe(code)}")
    return _fault("connecting to the card", code)


def _fault(doing: str, code: int) -> Fault:
    return Fault(
        f"{doing}: {_ADVICE.get(code, _describe(code))}",
        part=_PART,
        reason=Reason.READER_FAULT,
        finding=_FINDINGS.get(code, FindingCode.READER_MISSING),
    )


def _describe(code: int) -> str:
    return f"{scard.SCardGetErrorMessage(code)} ({code & 0xFFFF_FFFF:08X})"
