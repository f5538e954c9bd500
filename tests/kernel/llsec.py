"""Keys of Linux's own link-layer security, by its older generic netlink family.

Numbers from the kernel's linux/nl802154.h, 6.12; the kernel has them in the first network
namespace only.
"""

from enum import IntEnum

from lowpan_radios.netlink import NLM_F_ACK, GenericNetlink, number, text

NLM_F_EXCL, NLM_F_CREATE = 0x200, 0x400
KEY_INDEX_MODE = 1
"""Key identifier mode: the key by its index alone."""
NO_SHORT_ADDRESS = 0xFFFE
DATA = 1
"""Frame type of data frames."""
ANY_KEY = 0
"""IEEE802154_LLSEC_DEVKEY_IGNORE: one frame counter of a device for all keys."""


class Command(IntEnum):
    """What the kernel is told or asked."""

    SETPARAMS = 37
    ADD_KEY = 39
    LIST_DEV = 41
    ADD_DEV = 42
    ADD_SECLEVEL = 48


class Attr(IntEnum):
    """What a message tells."""

    DEV_NAME = 1
    DEV_INDEX = 2
    SHORT_ADDR = 4
    HW_ADDR = 5
    PAN_ID = 6
    ENABLED = 41
    SECLEVEL = 42
    KEY_MODE = 43
    KEY_ID = 46
    FRAME_COUNTER = 47
    KEY_BYTES = 48
    KEY_USAGE_FRAME_TYPES = 49
    FRAME_TYPE = 51
    SECLEVELS = 53
    DEV_OVERRIDE = 54
    DEV_KEY_MODE = 55


class Llsec(GenericNetlink):
    """Security of the interface `device`; every method raises OSError when the kernel refuses."""

    def __init__(self, device: str) -> None:
        super().__init__("802.15.4 MAC")
        self._device: dict[int, bytes] = {Attr.DEV_NAME: text(device)}

    def secure(self, key: bytes, *, index: int, level: int) -> None:
        """Seal all data frames at `level` with a key, and open those of others likewise."""
        name: dict[int, bytes] = {
            Attr.KEY_MODE: number(KEY_INDEX_MODE, 1),
            Attr.KEY_ID: number(index, 1),
        }
        self._add(
            Command.ADD_KEY,
            name | {Attr.KEY_USAGE_FRAME_TYPES: number(1 << DATA, 1), Attr.KEY_BYTES: key},
        )
        self._add(
            Command.ADD_SECLEVEL,
            {
                Attr.FRAME_TYPE: number(DATA, 1),
                Attr.SECLEVELS: number(1 << level, 1),
                Attr.DEV_OVERRIDE: number(0, 1),
            },
        )
        enabled: dict[int, bytes] = {Attr.ENABLED: number(1, 1), Attr.SECLEVEL: number(level, 1)}
        self.tell(Command.SETPARAMS, self._device | name | enabled)

    def add_peer(self, extended_address: bytes, pan_id: int) -> None:
        """Know who seals frames; `extended_address` as displayed."""
        self._add(
            Command.ADD_DEV,
            {
                Attr.PAN_ID: number(pan_id, 2),
                Attr.SHORT_ADDR: number(NO_SHORT_ADDRESS, 2),
                Attr.HW_ADDR: extended_address,
                Attr.FRAME_COUNTER: number(0, 4),
                Attr.DEV_OVERRIDE: number(0, 1),
                Attr.DEV_KEY_MODE: number(ANY_KEY, 1),
            },
        )

    def frame_counters(self) -> dict[str, int | None]:
        """Return the next frame counter that is new, by the extended address of each peer."""
        return {
            answer[Attr.HW_ADDR].hex(":"): answer.integer(Attr.FRAME_COUNTER)
            for answer in self.dump(Command.LIST_DEV)
            if Attr.HW_ADDR in answer
        }

    def _add(self, command: Command, attributes: dict[int, bytes]) -> None:
        flags = NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL
        self._exchange(command, self._device | attributes, flags)
