"""Devices that have two names: the short address that a coordinator gave, and the extended one."""


class DeviceNames:
    """Short and extended addresses of the devices of a PAN, each of one at most.

    Who asks by one name is given what waits under the other.
    """

    __slots__ = ("_extended", "_short")

    def __init__(self) -> None:
        self._extended: dict[bytes, bytes] = {}
        self._short: dict[bytes, bytes] = {}

    def __contains__(self, short: bytes) -> bool:
        """Tell whether somebody has this short address."""
        return short in self._extended

    def give(self, short: bytes, extended: bytes) -> None:
        """Know a device by `short` (2 octets) too, and no longer by another short address."""
        self.release(self._short.get(extended), extended)
        self._extended[short], self._short[extended] = extended, short

    def release(self, short: bytes | None, extended: bytes) -> None:
        """Let `short` be free again, if it is this device's."""
        if short is not None and self._extended.get(short) == extended:
            del self._extended[short], self._short[extended]

    def one_of(self, address: bytes) -> bytes:
        """Return the one name of a device, the extended address where that is known."""
        return self._extended.get(address, address)

    def all_of(self, addresses: frozenset[bytes]) -> frozenset[bytes]:
        """Return `addresses` with the short ones of those who have one."""
        if not self._short:
            return addresses
        known = {short for each in addresses if (short := self._short.get(each)) is not None}
        return addresses | known
