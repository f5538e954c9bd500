"""A monitor interface: every frame with its FCS, and frames of every type to send."""

from dataclasses import replace
from time import time_ns as now_ns

from lowpan.errors import RadioError
from lowpan.radio import (
    Fcs,
    Happening,
    RadioSettings,
    RadioUri,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    TransmitStatus,
)
from lowpan.wire.fcs import has_good_fcs16
from lowpan_radios.software_radio import SoftwareRadio
from lowpan_radios.wpan_filter import PACKET_OUTGOING, monitor_program
from lowpan_radios.wpan_link import WpanLink
from lowpan_radios.wpan_port import WpanPort


class WpanMonitor(SoftwareRadio):
    """The kernel only carries: filter, acknowledgements and repetitions are made here."""

    def __init__(self, uri: RadioUri, port: WpanPort) -> None:
        phy = port.phy
        settings = RadioSettings(channel=phy.channel, page=phy.page)
        description = f"Linux monitor interface {port.device.name} of {phy.name}"
        super().__init__(uri, description, settings=settings, extended_address=port.own_address())
        self.channels = phy.channels_of(phy.page)
        self.port = port
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

    async def _apply(self, settings: RadioSettings) -> RadioSettings:
        self.link.fetch()  # what was heard on the old channel
        phy = self.port.tune(settings)
        settings = await super()._apply(replace(settings, channel=phy.channel, page=phy.page))
        self.port.filter(monitor_program(settings))
        return settings

    def hears(self, octets: bytes, time_ns: int | None, kind: int) -> None:
        """Take a frame with its FCS; see Listener."""
        if kind == PACKET_OUTGOING:
            return
        fcs = Fcs.GOOD if has_good_fcs16(octets) else Fcs.BAD
        settings = self.settings
        frame = ReceivedFrame(
            octets[:-2],
            fcs,
            octets[-2:],
            time_ns or now_ns(),
            settings.channel,
            settings.page,
        )
        self._heard(frame, time_ns)

    def loses(self, why: str) -> None:
        """See Listener."""
        self._notice(Happening.LOST, why)

    async def returns(self) -> None:
        """See Listener."""
        async with self._sending:
            self.settings = await self._apply(self.settings)
        self._notice(Happening.RETURNED, self.description)

    async def _transmit(self, psdu: bytes, parameters: TransmitParameters) -> TransmitOutcome:
        if not await self.port.room():
            return TransmitOutcome(
                status=TransmitStatus.ABORTED, transmissions=0, reason=str(self.port.stuck())
            )
        return await super()._transmit(psdu, parameters)

    def _send(self, psdu: bytes, channel: int) -> None:
        if channel != self.settings.channel:
            cause = f"sends only on the channel that it listens on, {self.settings.channel}"
            raise RadioError(f"{self.uri}: {cause}", f"tune it to {channel} first")
        self.port.send(psdu)

    async def _close(self) -> None:
        await super()._close()
        await self.link.close()
