"""Layer management of one node (MLME): joining, coordinating, sleeping and scanning together.

It stands around a LinkLayer: what the radio reports comes here first, and what the link layer
tells of commands goes to the engines that it is for.
"""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from lowpan.errors import FieldOutOfRange
from lowpan.mac.coordinating import CoordinatorAction
from lowpan.mac.link_layer import LinkLayer
from lowpan.mac.management_service import Answer, ManagementAction, ManagementSettings
from lowpan.mac.membership import JoinPlan, Look, Membership, MembershipAction
from lowpan.mac.naming import note_names, suggest_name
from lowpan.mac.pan import Pan
from lowpan.mac.polling import Polling, PollingAction, PollSettings, ReceiverOff, ReceiverOn
from lowpan.mac.scan_turns import ScanTurns
from lowpan.mac.scanning import ScanAction, ScanDone, Scanning, ScanPlan
from lowpan.mac.service import (
    BROADCAST,
    CommandReceived,
    CommandSent,
    Configure,
    DataReceived,
    EmptyReceived,
    LinkAction,
    LinkProtection,
    Poll,
    SendCommand,
    Transmit,
)
from lowpan.radio import RadioCapability, ReceivedFrame, TransmitOutcome


class Management:
    """A link layer and who we are to others; `now` is microseconds.

    A scan begins once nothing is being sent, and has the radio for itself: what comes in meanwhile
    is lost, as the standard has it, and what is to be sent waits.
    """

    def __init__(
        self, link: LinkLayer, random: Random, settings: ManagementSettings | None = None
    ) -> None:
        self.link = link
        self.settings = settings = settings or ManagementSettings()
        self.membership: Membership | None = None
        """As a device."""
        self.pan: Pan | None = None
        """As a coordinator."""
        if settings.device:
            self.membership = Membership(
                link.radio,
                random,
                timing=link.settings.timing,
                poll=settings.poll,
                keep_alive=settings.keep_alive,
            )
        if settings.coordinator:
            self.pan = Pan(link.radio, random, most_devices=settings.most_devices)
            link.name_devices(self.pan.coordinating.names)
            link.beacon = self.pan.beacon
        self._sleepers: frozenset[bytes] = frozenset()
        self._scans = ScanTurns(random)
        self._polling: Polling | None = None
        """Of a sleeper whose parent somebody else has found: a mesh engine."""
        self._takes_part = settings.device or settings.coordinator
        self._may_sleep = settings.poll is not None and self._has_switch
        self._awaits_acks = RadioCapability.ACK_TIMEOUT not in link.capabilities
        self._listens = True

    @property
    def _has_switch(self) -> bool:
        return RadioCapability.RECEIVER_OFF in self.link.capabilities

    @property
    def is_busy(self) -> bool:
        """Tell whether what is to be sent has to wait: we scan, or are about to join."""
        return self._joins or self._scans.is_busy

    @property
    def _joins(self) -> bool:
        return self.membership is not None and self.membership.is_busy

    @property
    def is_out(self) -> bool:
        """Tell whether we are a device without a PAN: nothing can be sent."""
        membership = self.membership
        return membership is not None and not membership.is_in and not membership.is_busy

    # What the layer above asks

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
    ) -> list[ManagementAction]:
        """Send `payload`; see LinkLayer.send_data()."""
        sent = self.link.send_data(
            payload,
            source,
            destination,
            handle=handle,
            now=now,
            protection=protection,
            channel=channel,
        )
        if self.membership is not None:
            self.membership.answers_expected(now=now)
        return self._done(self._from_link(sent, now), now)

    def scan(self, plan: ScanPlan, *, now: int) -> list[ManagementAction]:
        """Scan as soon as may be; ScanDone tells the end.  FieldOutOfRange: one is under way."""
        self._scans.want(plan)
        return self._done([], now)

    def join(self, plan: JoinPlan, *, now: int) -> list[ManagementAction]:
        """Look for a PAN and join it; Associated or NotAssociated tells the end."""
        return self._done(self._from_engine(self._device().join(plan, now=now), now), now)

    def leave(self, *, now: int) -> list[ManagementAction]:
        """Leave our PAN, or look for it no more; NotAssociated tells the end."""
        return self._done(self._from_engine(self._device().leave(now=now), now), now)

    def sleep_on(self, parent: bytes, interval: int, *, now: int) -> list[ManagementAction]:
        """Sleep, and ask `parent` (2 or 8 octets) every `interval` microseconds; ParentLost tells.

        For who has a parent without having associated with it.
        """
        before = [] if self._polling is None else self._polling.stop()
        self._polling = Polling(PollSettings(interval=interval))
        self._takes_part, self._may_sleep = True, self._has_switch
        started = self._polling.start(parent, now=now)
        return self._done(self._from_engine([*before, *started], now), now)

    def stay_awake(self, *, now: int) -> list[ManagementAction]:
        """Sleep no longer; harmless for who does not."""
        if self._polling is None:
            return []
        self._polling.stop()
        self._polling = None
        return self._done(self._from_engine([ReceiverOn()], now), now)

    def expect_until(self, moment: int, *, now: int) -> None:
        """Ask more often until `moment`: an answer is on its way."""
        if self._polling is not None:
            self._polling.expect(max(moment - now, 0), now=now)

    def permit_joining(self, duration: int | None, *, now: int) -> None:
        """Let devices join us for `duration` microseconds; None: always, 0: no longer."""
        pan = self._coordinator()
        pan.permit_joining(duration, now=now)
        self.link.beacon = pan.beacon

    def add_device(
        self, extended: bytes, short: bytes | None, *, sleeps: bool, verified: bool, now: int
    ) -> list[ManagementAction]:
        """Know a device that joined us before a restart, and whether it had a key then."""
        self._coordinator().add(extended, short, sleeps=sleeps, verified=verified)
        suggest_name(self.link.security, self.link.radio.pan_id, extended, short)
        return self._done([], now)

    def disassociate(self, extended: bytes, *, now: int) -> list[ManagementAction]:
        """Send a device away; DeviceLeft tells the end, whether it knows or not."""
        away = self._coordinator().disassociate(extended)
        return self._done(self._from_engine(away, now), now)

    def not_acknowledged(self, destination: bytes, *, now: int) -> None:
        """Take that a frame to `destination` was not acknowledged: it may be gone."""
        if self.membership is not None:
            self.membership.not_acknowledged(destination, now=now)

    # What the radio reports

    def receive_frame(self, received: ReceivedFrame, *, now: int) -> list[ManagementAction]:
        """Take a frame as it came from the radio."""
        scanning = self._scans.running
        if scanning is not None:
            return self._done(self._from_scan(scanning.receive_frame(received), now), now)
        received_now = self.link.receive_frame(received, now=now)
        return self._done(self._from_link(received_now, now), now)

    def transmit_done(self, outcome: TransmitOutcome, *, now: int) -> list[ManagementAction]:
        """Take what became of the last Transmit."""
        scanning = self._scans.running
        if scanning is not None:
            sent = scanning.transmit_done(outcome, now=now)
            return self._done(self._from_scan(sent, now), now)
        return self._done(self._from_link(self.link.transmit_done(outcome, now=now), now), now)

    def energy_measured(self, dbm: float, *, now: int) -> list[ManagementAction]:
        """Take the answer to a MeasureEnergy."""
        scanning = self._scans.running
        if scanning is None:
            return []
        return self._done(self._from_scan(scanning.energy_measured(dbm), now), now)

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        link = self.link.next_deadline()
        if not self._takes_part and self._scans.running is None:
            return link
        parts = [link, *(part.next_deadline() for part in self._parts())]
        return min((due for due in parts if due is not None), default=None)

    def handle_deadline(self, *, now: int) -> list[ManagementAction]:
        """Do what is due."""
        done = self._from_link(self.link.handle_deadline(now=now), now)
        scanning = self._scans.running
        if scanning is not None:
            done += self._from_scan(scanning.handle_deadline(now=now), now)
        elif self.membership is not None:
            done += self._from_engine(self.membership.handle_deadline(now=now), now)
        elif self._polling is not None:
            done += self._from_engine(self._polling.handle_deadline(now=now), now)
        if self.pan is not None:
            self.pan.handle_deadline(now=now)
            self.link.beacon = self.pan.beacon
        return self._done(done, now)

    # Inside

    def _parts(self) -> list[Membership | Pan | Polling | Scanning]:
        """Return whose deadlines count; a scan has the radio, so that others have to wait."""
        device = self._scans.running or self.membership or self._polling
        return [part for part in (device, self.pan) if part is not None]

    def _device(self) -> Membership:
        if self.membership is None:
            raise FieldOutOfRange("it was not told to be a device that joins a PAN")
        return self.membership

    def _coordinator(self) -> Pan:
        if self.pan is None:
            raise FieldOutOfRange("it was not told to be a coordinator")
        return self.pan

    def _from_link(self, actions: Sequence[LinkAction], now: int) -> list[ManagementAction]:
        """Give the engines what is for them; what is for the radio waits while it is scanning."""
        if not self._takes_part and self._scans.running is None:
            return list(actions)
        done: list[ManagementAction] = []
        for action in actions:
            match action:
                case Transmit() if self._scans.running is not None:
                    self._scans.held.append(action)
                case Configure() if self._scans.running is not None:
                    pass  # the radio is told when it is ours again
                case CommandSent():
                    done += self._command_sent(action, now)
                case CommandReceived():
                    done += self._command_received(action, now)
                case DataReceived() | EmptyReceived():
                    done += self._heard(action, now)
                    done.append(action)
                case _:
                    done.append(action)
        return done

    def _command_sent(self, sent: CommandSent, now: int) -> list[ManagementAction]:
        done: list[ManagementAction] = []
        if self.membership is not None:
            done += self._from_engine(self.membership.command_sent(sent, now=now), now)
        elif self._polling is not None:
            done += self._from_engine(self._polling.command_sent(sent, now=now), now)
        if self.pan is not None:
            done += self._from_engine(self.pan.command_sent(sent), now)
        return done

    def _command_received(self, received: CommandReceived, now: int) -> list[ManagementAction]:
        done: list[ManagementAction] = []
        if self.membership is not None:
            done += self._from_engine(self.membership.receive_command(received, now=now), now)
        if self.pan is not None:
            done += self._from_engine(self.pan.receive_command(received), now)
        return done

    def _heard(self, heard: DataReceived | EmptyReceived, now: int) -> list[ManagementAction]:
        source, more = heard.source, heard.frame_pending
        if self.membership is not None:
            told = self.membership.frame_received(source, more=more, now=now)
            return self._from_engine(told, now)
        to_all = isinstance(heard, DataReceived) and heard.destination == BROADCAST
        if self._polling is None or to_all:
            return []
        return self._from_engine(self._polling.frame_received(more=more, now=now), now)

    def _from_engine(
        self, actions: Sequence[MembershipAction | CoordinatorAction | PollingAction], now: int
    ) -> list[ManagementAction]:
        """Let the link layer do what an engine asks, and tell what it tells."""
        done: list[ManagementAction] = []
        for action in actions:
            match action:
                case SendCommand() | Poll():
                    done += self._from_link(self.link.carry_out(action, now=now), now)
                case Configure(settings):
                    listens = self.link.radio.rx_on_when_idle
                    radio = replace(settings, rx_on_when_idle=listens)
                    done += self._from_link(self.link.configure(radio), now)
                case ReceiverOn() | ReceiverOff():
                    self._listens = isinstance(action, ReceiverOn)
                case Look(plan):
                    self._scans.look(plan)
                case _:
                    self._note_names(action)
                    done.append(action)
        return done

    def _note_names(self, news: Answer) -> None:
        names = frozenset[bytes]() if self.membership is None else self.membership.coordinator_names
        note_names(self.link.security, self.link.radio.pan_id, news, names)

    def _from_scan(self, actions: Sequence[ScanAction], now: int) -> list[ManagementAction]:
        """Give the scan the radio; the settings of the link layer hold again at its end."""
        done: list[ManagementAction] = []
        for action in self._scans.carry_out(actions, now=now):
            if isinstance(action, ScanDone):
                done += self._scan_done(action, now)
            else:
                done.append(action)
        return done

    def _scan_done(self, scanned: ScanDone, now: int) -> list[ManagementAction]:
        held, for_membership = self._scans.end()
        done: list[ManagementAction] = [Configure(self.link.radio), *held]
        if not for_membership:
            return [*done, scanned]
        return done + self._from_engine(self._device().scan_done(scanned, now=now), now)

    def _done(self, actions: list[ManagementAction], now: int) -> list[ManagementAction]:
        """Go on with what has become possible: a scan, sleep, indirect transmission."""
        pan = self.pan
        if pan is not None and pan.sleepers is not self._sleepers:
            self._sleepers = pan.sleepers
            actions += self._from_link(self.link.set_sleepers(pan.sleepers, now=now), now)
        if self._scans.may_begin(joins=self._joins) and self.link.is_idle:
            radio = replace(self.link.radio, rx_on_when_idle=True)
            actions += self._from_scan(self._scans.begin(radio), now)
        return self._with_receiver(actions) if self._may_sleep else actions

    def _with_receiver(self, actions: list[ManagementAction]) -> list[ManagementAction]:
        """Turn the receiver on before anything else, or off at last."""
        if self._scans.running is not None:
            return actions
        wanted = self._listens or (self._awaits_acks and not self.link.is_idle)
        if wanted is self.link.radio.rx_on_when_idle:
            return actions
        radio = replace(self.link.radio, rx_on_when_idle=wanted)
        configure: list[ManagementAction] = list(self.link.configure(radio))
        return [*configure, *actions] if wanted else [*actions, *configure]
