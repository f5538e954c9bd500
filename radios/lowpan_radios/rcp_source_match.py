"""For whom frames wait, as a radio co-processor is told: its source match table, by differences."""

from lowpan.errors import FieldOutOfRange
from lowpan_radios.rcp_requests import RadioRefused, Requests
from lowpan_radios.spinel_names import Command, Property, Status

MOST_SINGLY = 2
"""Changes of a list that are told one by one; for more, the whole list is shorter."""

_LISTS = {
    2: Property.MAC_SRC_MATCH_SHORT_ADDRESSES,
    8: Property.MAC_SRC_MATCH_EXTENDED_ADDRESSES,
}
"""By the octets of an address."""

NOBODY = frozenset[bytes]()


def check_senders(senders: frozenset[bytes]) -> None:
    """Raise FieldOutOfRange for what is neither a short nor an extended address."""
    for sender in senders:
        if len(sender) not in _LISTS:
            raise FieldOutOfRange(f"an address of source_match has {len(sender)} octets")


class SourceMatch:
    """The two lists of the table, and what the radio is known to have in them."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self._known: dict[Property, frozenset[bytes]] = {}

    def forget(self) -> None:
        """Take it that the radio knows nothing, whatever it answers to what it was told before."""
        self._known = {}

    async def apply(self, senders: frozenset[bytes]) -> bool:
        """Make the table be `senders`; return False if it has no room for them all."""
        for octets, number in _LISTS.items():
            wanted = frozenset(_as_told(sender) for sender in senders if len(sender) == octets)
            known = self._known
            before = known.pop(number, None)
            try:
                if before != wanted:
                    await self._change(number, before, wanted)
            except RadioRefused as refused:
                if refused.status == Status.NOMEM:
                    return False
                if wanted:  # a radio without these lists has nothing to clear
                    raise
            known[number] = wanted
        return True

    async def _change(
        self, number: Property, before: frozenset[bytes] | None, wanted: frozenset[bytes]
    ) -> None:
        ask = self._requests.ask
        if before is None or len(before ^ wanted) > MOST_SINGLY:
            await ask(Command.PROP_VALUE_SET, number, b"".join(sorted(wanted)))
            return
        for sender in before - wanted:
            await ask(Command.PROP_VALUE_REMOVE, number, sender)
        for sender in wanted - before:
            await ask(Command.PROP_VALUE_INSERT, number, sender)


def _as_told(sender: bytes) -> bytes:
    """Return an address as Spinel writes it: short ones with the lowest octet first."""
    return sender[::-1] if len(sender) == 2 else sender
