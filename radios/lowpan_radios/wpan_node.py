"""A node interface: data frames by way of the kernel's own link layer."""

from dataclasses import replace
from time import time_ns as now_ns

from lowpan.errors import RadioError
from lowpan.radio import (
    Fcs,
    RadioCapability,
    RadioSettings,
    RadioUri,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    TransmitStatus,
)
from lowpan.wire.ieee802154 import FrameType
from lowpan_radios.wpan_filter import PACKET_OTHERHOST, PACKET_OUTGOING, node_program
from lowpan_radios.wpan_port import WpanPort
from lowpan_radios.wpan_radio import WpanRadio

CAPABILITIES = (
    RadioCapability.TRANSMIT
    | RadioCapability.CSMA
    | RadioCapability.RETRIES
    | RadioCapability.ACKNOWLEDGE
)
"""Of the kernel and its hardware, which do not tell how a transmission ended."""

UNTOLD = "given to the kernel, which does not tell whether it was acknowledged"


class WpanNode(WpanRadio):
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
        port.filter(node_program())
        self._listen_on(port)

    @property
    def _cure(self) -> str:
        return f"use the radio itself: wpan:{self.port.phy.name}"

    # Settings

    async def configure(self, settings: RadioSettings) -> None:
        """Apply `settings`; see Radio."""
        self._open()
        if settings.promiscuous:
            cause = f"{self.uri}: a node interface cannot be promiscuous"
            raise RadioError(cause, self._cure)
        await super().configure(settings)

    async def _apply(self, settings: RadioSettings) -> RadioSettings:
        own = self.port.device.extended_address
        if settings.extended_address not in (None, own):
            name = self.port.device.name
            cause = f"{self.uri}: the extended address of {name} is another"
            raise RadioError(cause, f"set it while it is down: sudo ip link set {name} address ...")
        if settings.ack_pending or settings.source_match:
            raise RadioError(f"{self.uri}: acknowledgements are the kernel's", self._cure)
        self.link.fetch()  # what was heard on the old channel
        phy = self.port.tune(settings)
        self.port.set_addresses(settings.pan_id, settings.short_address)
        device = self.port.device
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
        aborted = await self._aborted()
        if aborted is not None:
            return aborted
        self.port.send(psdu)
        asked = bool(psdu[0] & 0x20)
        return TransmitOutcome(status=TransmitStatus.SUCCESS, reason=UNTOLD if asked else "")

    def _refuse(self, psdu: bytes) -> None:
        """Raise RadioError for what the kernel would drop without a word."""
        kind = psdu[0] & 0x07
        allowed = [FrameType.DATA]
        if self.port.system.netlink.sends_beacons:
            allowed.append(FrameType.BEACON)
        if kind not in allowed:
            names = {0: "beacons", 2: "acknowledgements", 3: "MAC commands"}
            what = names.get(kind, f"frames of type {kind}")
            cause = f"{self.uri}: the kernel drops {what} sent on a node interface"
            raise RadioError(cause, self._cure)
        if psdu[0] & 0x08:
            cause = f"{self.uri}: the kernel drops secured frames unless it secures them itself"
            raise RadioError(cause, self._cure)
