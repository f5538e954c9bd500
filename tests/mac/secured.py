"""Secured nodes and stores that fail, for the tests of the link layer's security."""

from collections.abc import Callable
from dataclasses import replace

from lowpan.errors import StoreError
from lowpan.mac.ccm_star import CcmStarKey
from lowpan.mac.frame_security import seal_frame
from lowpan.mac.keys import KeyIdentifier, KeyTable
from lowpan.mac.security import LinkSecurity, Opened, Refusal
from lowpan.mac.service import Drop
from lowpan.store import MemoryStore, Store
from lowpan.wire.ieee802154 import Frame, FrameControl, decode_frame
from lowpan.wire.security_header import AuxiliarySecurityHeader, SecurityControl

KEY, OTHER_KEY = bytes(range(16)), bytes(range(1, 17))
ALICE, BOB, CAROL = (bytes.fromhex(f"020000000000000{number}") for number in "abc")
ALICE_SHORT, BOB_SHORT = b"\x00\x0a", b"\x00\x0b"
PAN_ID = 0xBEEF
BROADCAST = b"\xff\xff"


class FailingStore(MemoryStore):
    """A MemoryStore that fails on demand."""

    def __init__(self) -> None:
        super().__init__()
        self.fails = False
        self.attempts = 0

    def save(self, name: str, octets: bytes) -> None:
        self.attempts += 1
        if self.fails:
            raise StoreError("the medium is full", "free some space")
        super().save(name, octets)


class Crash(BaseException):
    """The process ends here."""


class CrashingStore(MemoryStore):
    """A store in one of whose next changes the process ends, before or after it took effect."""

    def __init__(self) -> None:
        super().__init__()
        self.moments_left: int | None = None
        """Two for each change: before and after it; None: no crash."""

    def save(self, name: str, octets: bytes) -> None:
        self._pass()
        super().save(name, octets)
        self._pass()

    def remove(self, name: str) -> None:
        self._pass()
        super().remove(name)
        self._pass()

    def _pass(self) -> None:
        if self.moments_left is not None:
            self.moments_left -= 1
            if self.moments_left < 0:
                raise Crash


def table(keys: dict[int, bytes] | None = None) -> KeyTable:
    """Return a table of keys with key identifier mode 1, by key index."""
    found = KeyTable()
    for index, octets in (keys or {1: KEY}).items():
        found.add(KeyIdentifier(1, index), octets)
    return found


def node(address: bytes, store: Store | None = None, keys: KeyTable | None = None) -> LinkSecurity:
    return LinkSecurity(address, keys or table(), store or MemoryStore(), counters_ahead=10)


def data(
    source: bytes, destination: bytes, payload: bytes = b"hello", *, frame_type: int = 1
) -> Frame:
    """Return a frame in clear, with short and extended addresses as they are given."""
    modes = {2: 2, 8: 3}
    control = FrameControl(
        frame_type,
        acknowledgment_request=True,
        pan_id_compression=True,
        destination_addressing_mode=modes[len(destination)],
        source_addressing_mode=modes[len(source)],
        frame_version=1,
    )
    return Frame(control, 7, PAN_ID, destination, None, source, payload=payload)


def decoded(psdu: bytes) -> Frame:
    frame = decode_frame(psdu)
    assert isinstance(frame, Frame)
    return frame


def opened(receiver: LinkSecurity, psdu: bytes, *, now: int = 0) -> Opened:
    outcome = receiver.open(decoded(psdu), psdu, now=now)
    assert isinstance(outcome, Opened), outcome
    return outcome


def refused(receiver: LinkSecurity, psdu: bytes, *, now: int = 0) -> Drop:
    outcome = receiver.open(decoded(psdu), psdu, now=now)
    assert isinstance(outcome, Refusal), outcome
    return outcome.drop


def changed(psdu: bytes, change: Callable[[bytearray], None]) -> bytes:
    octets = bytearray(psdu)
    change(octets)
    return bytes(octets)


def counter_of(psdu: bytes) -> int:
    security = decoded(psdu).security
    assert security is not None
    assert security.frame_counter is not None
    return security.frame_counter


def by_hand(frame: Frame, counter: int, *, level: int = 5, key: bytes = KEY) -> bytes:
    """Return `frame` sealed with what key index 1 should be, without any of the rules."""
    security = AuxiliarySecurityHeader(SecurityControl(level, 1), counter, key_index=1)
    control = replace(frame.control, security_enabled=True)
    sender = frame.source if frame.source and len(frame.source) == 8 else ALICE
    sealable = replace(frame, control=control, security=security)
    return seal_frame(sealable, CcmStarKey(key), sender)
