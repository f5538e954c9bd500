"""Link: what is known of one sender and receiver, found by one look-up for each frame."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from lowpan.capture.addresses import AddressBook
from lowpan.capture.decoded import Outcome, Protection
from lowpan.wire.addresses import Context, Surroundings, iid_of

if TYPE_CHECKING:
    from lowpan.mac.ccm_star import CcmStarKey
    from lowpan.wire.security_header import SecurityControl

MOST_LINKS = 8192
"""Links remembered, about 1 kB each; forged addresses beyond them only cost time."""

_UNPROTECTED = Protection(Outcome.NO_KEY)

LinkKey = tuple[bytes | None, bytes | None, int | None, int | None]
"""Source, destination, destination PAN ID, source PAN ID if it is another."""


class Link:
    """One direction between two addresses of a PAN."""

    __slots__ = (
        "_ccm_star",
        "_counters",
        "control",
        "decrypt",
        "destination",
        "destination_pan_id",
        "extended_destination",
        "extended_source",
        "failed",
        "failures",
        "frame_counter",
        "key_index",
        "key_source",
        "last_number",
        "last_psdu",
        "learnt",
        "nonce_address",
        "protection",
        "source",
        "source_pan_id",
        "surroundings",
        "tried",
    )

    def __init__(self, key: LinkKey, contexts: Mapping[int, Context]) -> None:
        self.source, self.destination, self.destination_pan_id, told = key
        self.source_pan_id = self.destination_pan_id if told is None else told
        self.surroundings = Surroundings(
            iid_of(self.source or b""), iid_of(self.destination or b""), contexts
        )
        self.learnt = -1
        """The state of the address book that the extended addresses are from."""
        self.extended_source: bytes | None = None
        self.extended_destination: bytes | None = None
        self.last_number, self.last_psdu = 0, b""
        """The last frame on this link."""
        self.control: SecurityControl | None = None
        """With key source and index: what the key below opened last."""
        self.key_source: bytes | None = None
        self.key_index: int | None = None
        self.decrypt: Callable[[bytes, bytes, bytes], bytes] | None = None
        """Cipher of that key: nonce, private octets and MIC, authenticated octets -> in clear."""
        self.nonce_address = b""
        self.frame_counter = -1
        """The highest one that the key above opened from the address above."""
        self._ccm_star: CcmStarKey | None = None
        self._counters: dict[tuple[CcmStarKey | None, bytes], int] = {}
        self.protection = _UNPROTECTED
        self.failures, self.tried = 0, -1
        """Frames that did not open, since the state `tried` of what is known."""
        self.failed: Protection | None = None

    def count_for(self, key: "CcmStarKey", nonce_address: bytes) -> None:
        """Go on with the counter of another key or sender, where it stood."""
        self._counters[self._ccm_star, self.nonce_address] = self.frame_counter
        self.frame_counter = self._counters.get((key, nonce_address), -1)
        self._ccm_star = key

    def refresh(self, book: AddressBook) -> None:
        """Look both extended addresses up again."""
        self.learnt = book.changes
        self.extended_source = _extended(book, self.source_pan_id, self.source)
        self.extended_destination = _extended(book, self.destination_pan_id, self.destination)


def _extended(book: AddressBook, pan_id: int | None, address: bytes | None) -> bytes | None:
    if address is None or len(address) == 8:
        return address
    return None if pan_id is None or address == b"\xff\xff" else book.extended(pan_id, address)
