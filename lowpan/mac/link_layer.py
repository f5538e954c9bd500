"""The link layer of a node: one radio below, 6LoWPAN above (IEEE 802.15.4-2020 §6, §8)."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from random import Random

from lowpan.mac.answering import Answering
from lowpan.mac.device_names import DeviceNames
from lowpan.mac.duplicates import DUPLICATE_WINDOW
from lowpan.mac.framing import (
    beacon_frame,
    data_frame,
    data_request,
    empty_frame,
    header_octets,
    own_short_address,
)
from lowpan.mac.reception import Reception, command_received, data_received
from lowpan.mac.security import LinkSecurity, Opened, Refusal
from lowpan.mac.sending import Sending
from lowpan.mac.service import (
    Acknowledge,
    BeaconReceived,
    Configure,
    EmptyReceived,
    FrameDropped,
    LinkAction,
    LinkProtection,
    LinkRequest,
    Poll,
    SendCommand,
)
from lowpan.mac.timing import A_MAX_PHY_PACKET_SIZE, O_QPSK_2450, PhyTiming
from lowpan.mac.transmission import TransmitterSettings
from lowpan.radio import RadioCapability, RadioSettings, ReceivedFrame, TransmitOutcome
from lowpan.wire.ieee802154 import Frame, FrameType
from lowpan.wire.mac_command import CommandId


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """What a link layer is told once."""

    timing: PhyTiming = O_QPSK_2450
    transmitter: TransmitterSettings = field(default_factory=TransmitterSettings)
    longest_frame: int = A_MAX_PHY_PACKET_SIZE
    """Octets of a PSDU with its FCS: 127, or 2047 where all neighbours take them."""
    frame_version: int = 0
    """Of the data frames and polls that we send: 0 for everybody, which sealing makes 1; 2 for
    neighbours of 2012 and later, whose acknowledgments can be secured."""
    acknowledged: bool | None = None
    """Ask for acknowledgments; False where nobody gives any, as on the virtual radios of Linux.
    None: a lowpan.Node asks the radio about that, a LinkLayer takes it for True."""
    beacon: bytes | None = None
    """Payload of the beacon frame that answers beacon requests; None: they are not answered."""
    duplicate_window: int = DUPLICATE_WINDOW
    """Microseconds; above the poll interval for sleepers without security."""


class LinkLayer:
    """Sends and receives frames for the layers above; see service.py for what it returns.

    `radio` says who we are; `capabilities` what the radio does by itself.  `sequence_number` starts
    at random.  Everything stored is bounded by the queues' own limits.
    """

    def __init__(
        self,
        radio: RadioSettings,
        capabilities: RadioCapability,
        random: Random,
        *,
        security: LinkSecurity | None = None,
        settings: LinkSettings | None = None,
    ) -> None:
        self.settings = settings = settings or LinkSettings()
        self.security = security
        self.capabilities = capabilities
        self._radio_acknowledges = RadioCapability.ACKNOWLEDGE in capabilities
        self._reception = Reception(radio, security, duplicate_window=settings.duplicate_window)
        self.dropped = self._reception.dropped
        """How many frames went no further, by why."""
        self._sending = Sending(
            capabilities,
            settings.timing,
            random,
            settings.transmitter,
            security=security,
            drop=self._reception.drop,
        )
        self.beacon = settings.beacon
        """As in LinkSettings; a coordinator says in it whether it lets anybody in."""
        self._answering = Answering(security, self._sending.waits_for)
        self._headers: dict[tuple[int, int], int] = {}
        self._become(radio)

    def _become(self, radio: RadioSettings) -> None:
        self.radio = radio
        self.extended_address = radio.extended_address
        self.short_address = own_short_address(radio)
        self._reception.become(radio)

    @property
    def is_idle(self) -> bool:
        """Tell whether no frame is being sent; those for sleepers may wait."""
        return self._sending.is_idle

    @property
    def unacknowledged(self) -> int:
        """Return how many frames we could not acknowledge, since that could not be secured."""
        return self._answering.unsent

    # What the layer above asks

    def configure(self, radio: RadioSettings) -> list[LinkAction]:
        """Be known by other addresses, or on another channel."""
        self._become(self._with_pending(radio))
        return [Configure(self.radio)]

    def largest_payload(
        self,
        source: bytes,
        destination: bytes,
        protection: LinkProtection = LinkProtection.POLICY,
    ) -> int:
        """Return how many octets one frame carries between these addresses."""
        key = (len(source), len(destination))
        octets = self._headers.get(key)
        if octets is None:
            octets = header_octets(self._data_frame(b"", source, destination))
            octets = self._headers[key] = octets + self.settings.timing.fcs_octets
        if protection is LinkProtection.CLEAR or self.security is None:
            return self.settings.longest_frame - octets
        if protection is LinkProtection.WELL_KNOWN:
            return self.settings.longest_frame - octets - self.security.well_known.overhead
        if self.security.wants_sealed(FrameType.DATA):
            octets += self.security.overhead(destination, self.radio.pan_id)
        return self.settings.longest_frame - octets

    def send_data(  # noqa: PLR0913  (whose, to whom, how)
        self,
        payload: bytes,
        source: bytes,
        destination: bytes,
        *,
        handle: int,
        now: int,
        protection: LinkProtection = LinkProtection.POLICY,
        channel: int | None = None,
    ) -> list[LinkAction]:
        """Send `payload` (MCPS-DATA.request); DataSent with `handle` (0 or above) tells the end.

        `source` is one of our addresses.  What is for a sleeping neighbour waits until it asks.
        `channel` is another one than ours, for this frame alone.
        """
        frame = self._data_frame(payload, source, destination)
        sent = self._sending.send(frame, handle, now=now, channel=channel, protection=protection)
        return self._told(sent)

    def send_command(  # noqa: PLR0913  (when and how, each with its default)
        self,
        frame: Frame,
        *,
        now: int,
        channel: int | None = None,
        handle: str | None = None,
        indirect: bool = False,
        at_once: bool = False,
    ) -> list[LinkAction]:
        """Send a frame of the layer management's own, such as a beacon request.

        With a `handle`, CommandSent tells the end.  An `indirect` one waits until its receiver
        asks, whether that is known to sleep or not; one that goes `at_once` does not.
        """
        sent = self._sending.send(
            frame, handle, now=now, channel=channel, indirect=indirect, at_once=at_once
        )
        return self._told(sent)

    def poll(self, parent: bytes, *, now: int, handle: str | None = None) -> list[LinkAction]:
        """Ask `parent` for what waits for us (MLME-POLL.request)."""
        source = self.short_address or self.extended_address
        if source is None:
            return []
        version = self.settings.frame_version
        request = data_request(source, parent, self.radio.pan_id, version=version)
        return self.send_command(request, now=now, handle=handle)

    def carry_out(self, request: LinkRequest, *, now: int) -> list[LinkAction]:
        """Do what an engine beside this one asks: association, polling."""
        match request:
            case SendCommand():
                return self.send_command(
                    request.frame,
                    now=now,
                    channel=request.channel,
                    handle=request.handle,
                    indirect=request.indirect,
                    at_once=request.at_once,
                )
            case Poll():
                return self.poll(request.parent, now=now, handle=request.handle)
            case Configure():
                return self.configure(request.settings)

    def set_sleepers(
        self, sleepers: Iterable[bytes], named: Iterable[tuple[bytes, bytes]] = (), *, now: int
    ) -> list[LinkAction]:
        """Say which neighbours (2 or 8 octets) sleep and ask for what waits for them.

        `named` has short and extended address of those that may ask by either.  What waits for one
        that sleeps no longer is sent.
        """
        return self._told(
            self._sending.set_sleepers(frozenset(sleepers), frozenset(named), now=now)
        )

    def sleeper(self, address: bytes) -> bytes | None:
        """Return the one name of a neighbour that sleeps, None for who listens."""
        return self._sending.sleeper(address)

    def name_devices(self, names: DeviceNames) -> None:
        """Know which short and extended addresses are of one device, always as `names` is then."""
        self._sending.names = names

    # What the radio reports

    def receive_frame(self, received: ReceivedFrame, *, now: int) -> list[LinkAction]:
        """Take a frame as it came from the radio."""
        psdu, frame = received.psdu, self._reception.decode(received)
        if isinstance(frame, FrameDropped):
            return [frame]
        if frame.control.frame_type == FrameType.ACKNOWLEDGMENT:
            return self._told(self._sending.receive_acknowledgment(received, now=now))
        opened = self._reception.open(frame, psdu, now=now)
        actions = self._acknowledge(frame, psdu, opened, now)
        accepted = self._reception.accept(frame, psdu, opened, now=now)
        if isinstance(accepted, FrameDropped):
            return [*actions, accepted]
        return [*actions, *self._accepted(received, frame, accepted, now)]

    def acknowledge_secured(self, frame: Frame, psdu: bytes, *, now: int) -> bytes | None:
        """Return the Enh-Ack to `frame`, which `psdu` decodes to, for a radio that cannot make it.

        The frame is secured, of version 2, for us alone, and asks for it.  receive_frame() is to be
        called with it afterwards, too.  None: no acknowledgment is to be sent.
        """
        opened = self._reception.open_early(frame, psdu, now=now)
        return self._answering.answer(frame, psdu, opened, now=now)

    def transmit_done(self, outcome: TransmitOutcome, *, now: int) -> list[LinkAction]:
        """Take what became of the last Transmit."""
        return self._told(self._sending.transmit_done(outcome, now=now))

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        return self._sending.next_deadline()

    def handle_deadline(self, *, now: int) -> list[LinkAction]:
        """Do what is due."""
        return self._told(self._sending.handle_deadline(now=now))

    # Receiving

    def _acknowledge(
        self, frame: Frame, psdu: bytes, opened: Opened | Refusal, now: int
    ) -> list[LinkAction]:
        """Answer for a radio that does not."""
        if self._radio_acknowledges and not self.radio.promiscuous:
            return []
        asks = frame.control.acknowledgment_request
        if not asks or not self._reception.filter.is_ours(frame.destination):
            return []
        ack = self._answering.answer(frame, psdu, opened, now=now)
        return [] if ack is None else [Acknowledge(ack)]

    def _accepted(
        self, received: ReceivedFrame, frame: Frame, opened: Opened, now: int
    ) -> list[LinkAction]:
        kind = frame.control.frame_type
        if kind == FrameType.BEACON:
            return [BeaconReceived(received.psdu, received.channel, received.rssi, received.lqi)]
        if kind == FrameType.MAC_COMMAND:
            return self._command(received, frame, opened, now)
        if not opened.payload:
            return [EmptyReceived(frame.source, frame.control.frame_pending)]
        return [data_received(received, frame, opened)]

    def _command(
        self, received: ReceivedFrame, frame: Frame, opened: Opened, now: int
    ) -> list[LinkAction]:
        command = opened.payload[0] if opened.payload else None
        if command == CommandId.DATA_REQUEST and frame.source is not None:
            return self._answer_poll(frame.source, now, promised=received.acked_with_pending)
        if command == CommandId.BEACON_REQUEST and self.beacon is not None:
            return self._send_beacon(self.beacon, now)
        return [command_received(frame, opened)]

    def _answer_poll(self, sleeper: bytes, now: int, *, promised: bool) -> list[LinkAction]:
        """Send what waits; if nothing does, and our radio said so, let the sleeper sleep again."""
        if self._sending.waits_for(sleeper):
            return self._told(self._sending.answer_poll(sleeper, now=now))
        source = self.short_address or self.extended_address
        if not promised or source is None:
            return []
        nothing = empty_frame(source, sleeper, self.radio.pan_id)
        return self._told(self._sending.send(nothing, None, now=now, at_once=True))

    def _send_beacon(self, payload: bytes, now: int) -> list[LinkAction]:
        source = self.short_address or self.extended_address
        if source is None:
            return []
        return self.send_command(beacon_frame(payload, source, self.radio.pan_id), now=now)

    # Sending

    def _data_frame(self, payload: bytes, source: bytes, destination: bytes) -> Frame:
        return data_frame(
            payload,
            source,
            destination,
            self.radio.pan_id,
            acknowledged=self.settings.acknowledged is not False,
            version=self.settings.frame_version,
        )

    def _told(self, actions: list[LinkAction]) -> list[LinkAction]:
        """Let the radio's acknowledgments say for whom frames wait, if that has changed."""
        if not self._sending.pending_has_changed():
            return actions
        if not self._radio_acknowledges:
            return actions
        self.radio = self._with_pending(self.radio)
        return [*actions, Configure(self.radio)]

    def _with_pending(self, radio: RadioSettings) -> RadioSettings:
        pending = self._sending.pending
        if not self._radio_acknowledges:
            return radio
        if not pending and radio.source_match is None:
            return radio
        return replace(radio, source_match=pending, ack_pending=bool(pending))
