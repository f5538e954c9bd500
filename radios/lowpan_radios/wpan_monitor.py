"""A monitor interface: every frame with its FCS, and frames of every type to send."""

from dataclasses import replace
from time import time_ns as now_ns

from lowpan.errors import RadioError
from lowpan.radio import (
    Fcs,
    RadioSettings,
    RadioUri,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
)
from lowpan.wire.fcs import has_good_fcs16
from lowpan_radios.software_radio import SoftwareRadio
from lowpan_radios.wpan_filter import PACKET_OUTGOING, monitor_program
from lowpan_radios.wpan_port import WpanPort
from lowpan_radios.wpan_radio import WpanRadio


class WpanMonitor(WpanRadio, SoftwareRadio):
    """The kernel only carries: filter, acknowledgements and repetitions are made here."""

    def __init__(self, uri: RadioUri, port: WpanPort) -> None:
        phy = port.phy
        settings = RadioSettings(channel=phy.channel, page=phy.page)
        description = f"Linux monitor interface {port.device.name} of {phy.name}"
        super().__init__(uri, description, settings=settings, extended_address=port.own_address())
        self.channels = phy.channels_of(phy.page)
        self._listen_on(port)

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

    async def _transmit(self, psdu: bytes, parameters: TransmitParameters) -> TransmitOutcome:
        return await self._aborted() or await super()._transmit(psdu, parameters)

    def _send(self, psdu: bytes, channel: int) -> None:
        if channel != self.settings.channel:
            cause = f"sends only on the channel that it listens on, {self.settings.channel}"
            raise RadioError(f"{self.uri}: {cause}", f"tune it to {channel} first")
        self.port.send(psdu)
