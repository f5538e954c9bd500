"""What radios on an interface of the kernel share: its pages, its loss and its return."""

from lowpan.radio import Happening, RadioSettings, TransmitOutcome, TransmitStatus
from lowpan_radios.base import BaseRadio
from lowpan_radios.wpan_link import WpanLink
from lowpan_radios.wpan_port import WpanPort

VIRTUAL_DRIVERS = frozenset({"mac802154_hwsim", "ieee802154fakelb"})
"""Drivers of the kernel without hardware, which would be what acknowledges."""


class WpanRadio(BaseRadio):
    """A BaseRadio on a port; a driver adds `hears`, and calls `_listen_on` once it can be called.

    Where another radio is its base too, this one stands before that.
    """

    def hears(self, octets: bytes, time_ns: int | None, kind: int) -> None:
        """Take what came in; see Listener."""
        raise NotImplementedError

    def _listen_on(self, port: WpanPort) -> None:
        """Take what comes from `port`, which is open, from now on."""
        self.port = port
        self.neighbours_acknowledge = port.system.driver(port.phy) not in VIRTUAL_DRIVERS
        self.link = WpanLink(port, self)
        self.link.start()

    async def configure(self, settings: RadioSettings) -> None:
        """Apply `settings`; see Radio."""
        before = self.channels
        self.channels = self.port.page(settings.page)
        try:
            await super().configure(settings)
        except Exception:  # who is cancelled does not stop it
            self.channels = before
            raise

    def loses(self, why: str) -> None:
        """See Listener."""
        self._notice(Happening.LOST, why)

    async def returns(self) -> None:
        """See Listener."""
        async with self._sending:
            self.settings = await self._apply(self.settings)
        self._notice(Happening.RETURNED, self.description)

    async def _aborted(self) -> TransmitOutcome | None:
        """Wait for room in the kernel's queue; return what becomes of a frame if there is none."""
        if await self.port.room():
            return None
        reason = str(self.port.stuck())
        return TransmitOutcome(status=TransmitStatus.ABORTED, transmissions=0, reason=reason)

    async def _close(self) -> None:
        await super()._close()
        await self.link.close()
