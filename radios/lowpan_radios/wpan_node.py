"""A node interface: data frames by way of the kernel's own link layer."""

from dataclasses import replace
from time import time_ns as now_ns

from lowpan.errors import RadioError
from lowpan.radio import (
    Fcs,
    Happening,
    RadioCapability,
    RadioSettings,
    RadioUri,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    TransmitStatus,
)
from lowpan.wire.ieee802154 import FrameType
from lowpan_radios.base import BaseRadio
from lowpan_radios.wpan_filter import PACKET_OTHERHOST, PACKET_OUTGOING, node_program
from lowpan_radios.wpan_link import WpanLink
from lowpan_radios.wpan_port import WpanPort

CAPABILITIES = (
    RadioCapability.TRANSMIT
    | RadioCapability.CSMA
    | RadioCapability.RETRIES
    | RadioCapability.ACKNOWLEDGE
)
"""Of the kernel and its hardware, which do not tell how a transmission ended."""

UNTOLD = "given to the kernel, which does not tell whether it was acknowledged"


class WpanNode(BaseRadio):
    """The kernel filters and acknowledges; it passes on data frames only, without their FCS."""

    def __init__(self, uri: RadioUri, port: WpanPort) -> None:
        device, phy = port.device, port.phy
        settings = RadioSettings(
            channel=phy.channel,
            page=phy.page,
            promiscuous=False,
            pan_id=device.pan_id,
            short_address=device.short_address,
            extended_address=device.extended_address,
        )
        description = f"Linux node interface {device.name} of {phy.name}"
        channels = phy.channels_of(phy.page)
        super().__init__(uri.text, description, CAPABILITIES, channels=channels, settings=settings)
        self._port = port
        self._link = WpanLink(port, self)
        port.filter(node_program())
        self._link.start()

    @property
    def _cure(self) -> str:
        return f"use the radio itself: wpan:{self._port.phy.name}"

    # Settings

    async def configure(self, settings: RadioSettings) -> None:
        """Apply `settings`; see Radio."""
        self._open()
        if settings.promiscuous:
            cause = f"{self.uri}: a node interface cannot be promiscuous"
            raise RadioError(cause, self._cure)
        before = self.channels
        self.channels = self._port.page(settings.page)
        try:
            await super().configure(settings)
        except Exception:  # who is cancelled does not stop it
            self.channels = before
            raise

    async def _apply(self, settings: RadioSettings) -> RadioSettings:
        own = self._port.device.extended_address
        if settings.extended_address not in (None, own):
            name = self._port.device.name
            cause = f"{self.uri}: the extended address of {name} is another"
            raise RadioError(cause, f"set it while it is down: sudo ip link set {name} address ...")
        if settings.ack_pending or settings.source_match:
            raise RadioError(f"{self.uri}: acknowledgements are the kernel's", self._cure)
        self._link.fetch()  # what was heard on the old channel
        phy = self._port.tune(settings)
        self._port.set_addresses(settings.pan_id, settings.short_address)
        device = self._port.device
        return replace(
            settings,
            channel=phy.channel,
            page=phy.page,
            pan_id=device.pan_id,
            short_address=device.short_address,
            extended_address=own,
        )

    # Frames

    def hears(self, octets: bytes, time_ns: int | None, kind: int) -> None:
        """Take a frame without FCS; see Listener."""
        if kind in (PACKET_OUTGOING, PACKET_OTHERHOST):
            self.statistics.filtered += kind == PACKET_OTHERHOST
            return
        settings = self.settings
        frame = ReceivedFrame(octets, Fcs.GOOD, b"", time_ns or now_ns())
        frame.channel, frame.page = settings.channel, settings.page
        self._deliver(frame)

    async def _transmit(self, psdu: bytes, parameters: TransmitParameters) -> TransmitOutcome:
        self._refuse(psdu)
        if parameters.channel not in (None, self.settings.channel):
            cause = f"sends only on the channel that it listens on, {self.settings.channel}"
            raise RadioError(f"{self.uri}: {cause}", f"tune it to {parameters.channel} first")
        if not await self._port.room():
            reason = str(self._port.stuck())
            return TransmitOutcome(status=TransmitStatus.ABORTED, transmissions=0, reason=reason)
        self._port.send(psdu)
        asked = bool(psdu[0] & 0x20)
        return TransmitOutcome(status=TransmitStatus.SUCCESS, reason=UNTOLD if asked else "")

    def _refuse(self, psdu: bytes) -> None:
        """Raise RadioError for what the kernel would drop without a word."""
        kind = psdu[0] & 0x07
        allowed = [FrameType.DATA]
        if self._port.system.netlink.sends_beacons:
            allowed.append(FrameType.BEACON)
        if kind not in allowed:
            names = {0: "beacons", 2: "acknowledgements", 3: "MAC commands"}
            what = names.get(kind, f"frames of type {kind}")
            cause = f"{self.uri}: the kernel drops {what} sent on a node interface"
            raise RadioError(cause, self._cure)
        if psdu[0] & 0x08:
            cause = f"{self.uri}: the kernel drops secured frames unless it secures them itself"
            raise RadioError(cause, self._cure)

    # Loss and return

    def loses(self, why: str) -> None:
        """See Listener."""
        self._notice(Happening.LOST, why)

    async def returns(self) -> None:
        """See Listener."""
        async with self._sending:
            self.settings = await self._apply(self.settings)
        self._notice(Happening.RETURNED, self.description)

    async def _close(self) -> None:
        await self._link.close()
