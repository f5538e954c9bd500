"""Network parameters: one channel, one PAN ID for all, changed at one moment (draft-kelsey §7.8).

Update and Update Request are never secured by MLE: the link layer secures them (§8).
"""

from dataclasses import replace
from random import Random

from lowpan.adaptation.pace import Allowance
from lowpan.errors import FieldOutOfRange, StoreError
from lowpan.mac.service import Configure
from lowpan.mesh.parameter_events import (
    ParameterApplied,
    ParameterScheduled,
    ParameterSettings,
    ParametersNotSaved,
)
from lowpan.mesh.parameter_messages import UPDATE_REQUEST, sent, understood, update
from lowpan.mesh.parameter_record import ParameterRecord
from lowpan.mesh.parameter_schedule import (
    LONGEST_DELAY,
    Change,
    ParameterId,
    ParameterSchedule,
    Value,
    check_value,
    delay_until,
)
from lowpan.mesh.parameter_search import Ask, Knowledge, Listen, ParameterSearch
from lowpan.mesh.service import MeshAction, MleReceived, MleRefused, SendMle
from lowpan.mesh.trickle import Trickle
from lowpan.radio import RadioSettings
from lowpan.store import Store
from lowpan.wire.addresses import ALL_NODES, iid_of, link_local
from lowpan.wire.mle import MLE_HOP_LIMIT, MleMessage
from lowpan.wire.mle_draft import NetworkParameter

ANNOUNCE_FIRST, ANNOUNCE_LAST, ENOUGH = 1_000_000, 60_000_000, 3
"""Trickle's i_min and i_max in microseconds, and k: so many neighbours that say it are enough."""
RESPONSE_DELAY = 1_000_000
"""MAX_RESPONSE_DELAY_TIME (§8), microseconds."""
MOST_ASKERS = 8
"""Neighbours whose requests wait for an answer; the others will ask again."""
ANSWER_EACH, ANSWER_BURST = 250_000, 8
"""Microseconds between answers, and how many there may be at once: one takes up to four frames,
which are a twentieth of a channel at this pace, whoever asks."""
SOONEST = 1_000_000
"""Microseconds that a change of ours is ahead at least: it is said twice by then."""
ROLL_FORWARD = 30_000_000
"""Microseconds after a start until what we remember of changes is believed, and until others are
told what nobody has told us: whoever knows better has answered by then."""
TELLINGS = 3
"""How often a sleeper is told of the same changes: what waits for it may be given up."""
_AT_ONCE = frozenset({ParameterId.PERMIT_JOINING, ParameterId.BEACON_PAYLOAD})
"""Parameters that a neighbour's word may change without delay: they keep nobody apart."""


class NetworkParameters:
    """What the network has agreed on, and will: part of LinkEstablishment, see ParameterSchedule.

    `store` keeps it over a crash; without one a restart asks its neighbours.
    """

    def __init__(
        self,
        random: Random,
        *,
        store: Store | None = None,
        settings: ParameterSettings | None = None,
    ) -> None:
        self.settings = settings or ParameterSettings()
        self.schedule = ParameterSchedule()
        self.sleepers: frozenset[bytes] = frozenset()
        """Extended addresses of neighbours that have to be told one by one."""
        self._random, self._record = random, ParameterRecord(store)
        self._search = ParameterSearch(random)
        self._trickle = Trickle(i_min=ANNOUNCE_FIRST, i_max=ANNOUNCE_LAST, k=ENOUGH, random=random)
        self._askers: dict[bytes, int] = {}
        """IPv6 addresses that wait for an answer, and until when."""
        self._told: dict[bytes, int] = {}
        self._remembered: list[tuple[int, Change]] = []
        """Changes that were ahead when we were on; whether they still are, neighbours tell."""
        self._roll_at: int | None = None
        """Until when we are no authority if nobody answers."""
        self._answering = Allowance(each=ANSWER_EACH, burst=ANSWER_BURST)
        self.sleepy = False
        """We do not listen when idle: others tell others what we have heard."""
        self._radio = RadioSettings()
        self._source = b""

    @property
    def knowledge(self) -> Knowledge:
        """Return how sure we are of what is in effect."""
        return self._search.state

    # What whoever runs it asks

    def start(self, radio: RadioSettings, *, now: int) -> list[MeshAction]:
        """Take up what was known before, and ask whether it still holds; raise StoreError.

        We cannot know how long we were off.  So what neighbours say of changes stands, also if they
        say nothing; if nobody answers within ROLL_FORWARD, changes that were ahead still are, with
        the delay that was left.
        """
        if radio.extended_address is None:
            raise FieldOutOfRange("network parameters need an extended address")
        self._radio, self._source = radio, link_local(iid_of(radio.extended_address))
        actions: list[MeshAction] = []
        current = self.schedule.current
        current[ParameterId.CHANNEL] = radio.channel
        current[ParameterId.PAN_ID] = radio.pan_id
        for parameter in self._record.restored(self.settings.channels):
            if parameter.delay:
                change = Change(now + parameter.delay * 1000, parameter.value)
                self._remembered.append((parameter.parameter, change))
            elif current.get(parameter.parameter) != parameter.value:
                current[parameter.parameter] = parameter.value
                actions.append(ParameterApplied(parameter.parameter, parameter.value))
        self._roll_at = now + ROLL_FORWARD
        self._search.begin(now=now)
        return [*actions, *self._tuned(self._home())]

    def change(self, parameter: int, value: Value, *, delay: int, now: int) -> list[MeshAction]:
        """Let the network have `value` after `delay` microseconds; tell all, again and again.

        The delay, SOONEST at least, must be long enough for all to hear of it, sleepers too.
        Raises FieldOutOfRange and, if a crash would forget it, StoreError; nothing changes then.
        """
        check_value(parameter, value)
        if parameter == ParameterId.CHANNEL and value not in self.settings.channels:
            raise FieldOutOfRange(f"channel {value!r} is none of those in use")
        if not SOONEST <= delay <= LONGEST_DELAY * 1000:
            raise FieldOutOfRange(f"a delay of {delay} µs is none of 1 s .. 49 days")
        change, before = Change(now + delay, value), self.schedule.ahead(parameter)
        if not self.schedule.add(parameter, change):
            raise FieldOutOfRange("that is so already, or too many changes are ahead")
        try:
            self._save(now)
        except StoreError:
            self.schedule.put_back(parameter, before)
            raise
        self._news(now)
        self._trickle.start(now=now)
        return [ParameterScheduled(parameter, value, change.moment), *self._announce(now)]

    def alone(self, *, now: int) -> list[MeshAction]:
        """No neighbour is left: perhaps all have gone to another channel."""
        self._search.begin(elsewhere=self._elsewhere(), now=now)
        return []

    def linked(self) -> None:
        """Search no more: a neighbour is there, where we are."""
        self._search.linked()

    def met(self, neighbour: bytes, *, now: int) -> list[MeshAction]:
        """Ask a neighbour (8 octets) who has proved that it is there, if we are not sure."""
        if not self._search.met(now=now):
            return []
        return [sent(UPDATE_REQUEST, self._source, link_local(iid_of(neighbour)))]

    def doubtful(self, received: MleReceived, *, now: int) -> bool:
        """Tell whether it is worth while to find out if the sender of an Update is there now.

        It may be a recording: the link layer takes the first frame of a sender that it does not
        know, whatever its counter.  Where we look for neighbours, we stay for an answer.
        """
        return self._refuse(received) is None and self._search.linger(now=now)

    # What comes from neighbours

    def receive_update(
        self, message: MleMessage, received: MleReceived, *, now: int
    ) -> list[MeshAction]:
        """Take an Update; only Network Parameter TLVs count (§11)."""
        refusal = self._refuse(received)
        if refusal is not None:
            return [refusal]
        actions: list[MeshAction] = []
        news, unsure = False, self._search.state is not Knowledge.SURE or self._search.guessed
        said: set[tuple[int, Value]] = set()
        in_effect: set[int] = set()
        for parameter in understood(message, self.settings.channels):
            if parameter.delay == 0:
                actions += self._in_effect(parameter, unsure=unsure)
                in_effect.add(parameter.parameter)
            elif self._add(parameter, now):
                news = True
                moment = now + parameter.delay * 1000
                actions.append(ParameterScheduled(parameter.parameter, parameter.value, moment))
            said.add((parameter.parameter, parameter.value))
        if unsure and in_effect:
            actions += self._settled(in_effect)
        if news:
            self._news(now)
        elif self._knows_more(said):
            self._trickle.hear_inconsistent(now=now)
        else:
            self._trickle.hear_consistent()
        return [*actions, *self._saved(now)] if news or actions else actions

    def receive_update_request(self, received: MleReceived, *, now: int) -> list[MeshAction]:
        """Answer a neighbour that has slept, restarted or joined late, if we are sure."""
        refusal = self._refuse(received)
        if refusal is not None:
            return [refusal]
        if not self._is_authority(now) or len(self._askers) >= MOST_ASKERS:
            return []
        if received.destination == self._source:
            return self._answer(received.source, now)
        self._askers.setdefault(received.source, now + self._random.randrange(RESPONSE_DELAY))
        return []

    # Time

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        first = self._roll_at if self._remembered else None
        for due in (
            self.schedule.next_deadline(),
            self._search.next_deadline(),
            self._trickle.next_deadline(),
            self._record.next_deadline(),
            *self._askers.values(),
        ):
            if due is not None and (first is None or due < first):
                first = due
        return first

    def handle_deadline(self, *, now: int) -> list[MeshAction]:
        """Make changes whose moment has come; ask, answer and tell."""
        actions: list[MeshAction] = []
        taken = self.schedule.take(now=now)
        if taken:
            actions += [ParameterApplied(parameter, value) for parameter, value in taken]
            actions += self._tuned(self._home())
            if not self._is_anything_ahead():
                self._trickle.stop()
            self._search.search_instead(self._elsewhere())
            actions += self._saved(now)
        if self._remembered and self._roll_at is not None and self._roll_at <= now:
            actions += self._roll_forward(now)
        for step in self._search.handle_deadline(now=now):
            actions += self._step(step)
        for asker in [asker for asker, due in self._askers.items() if due <= now]:
            del self._askers[asker]
            actions += self._answer(asker, now)
        if self._trickle.handle_deadline(now=now):
            actions += self._announce(now)
        save_at = self._record.next_deadline()
        if save_at is not None and save_at <= now:
            actions += self._saved(now)
        return actions

    # How

    def _refuse(self, received: MleReceived) -> MleRefused | None:
        """Believe neighbours only, and in a secured network only who has its key."""
        if received.hop_limit != MLE_HOP_LIMIT:
            return MleRefused(received.link_source, f"Update of hop limit {received.hop_limit}")
        if received.link_security_level < self.settings.security_level:
            return MleRefused(received.link_source, "Update that the link layer did not secure")
        sender = received.link_source
        if len(sender) != 8 or received.source != link_local(iid_of(sender)):
            return MleRefused(sender, "Update whose address is not its sender's")
        return None

    def _is_authority(self, now: int) -> bool:
        """Tell whether to answer: not what we only guess while somebody may still tell us."""
        if self._search.state is not Knowledge.SURE:
            return False
        return not self._search.guessed or self._roll_at is None or now >= self._roll_at

    def _answer(self, asker: bytes, now: int) -> list[MeshAction]:
        if not self._answering.take(now=now):
            return []
        return [self._update(asker, now, current=True)]

    def _roll_forward(self, now: int) -> list[MeshAction]:
        """Nobody knows better: what we remember of changes is so."""
        actions: list[MeshAction] = []
        for parameter, before in self._remembered:
            change = Change(max(before.moment, now + 1), before.value)
            if self.schedule.add(parameter, change):
                actions.append(ParameterScheduled(parameter, change.value, change.moment))
        self._remembered.clear()
        if actions:
            self._news(now)
        return actions

    def _add(self, parameter: NetworkParameter, now: int) -> bool:
        change = Change(now + parameter.delay * 1000, parameter.value)
        return self.schedule.add(parameter.parameter, change)

    def _in_effect(self, parameter: NetworkParameter, *, unsure: bool) -> list[MeshAction]:
        """Take a neighbour's word for what is so, if we do not know better."""
        current, number = self.schedule.current, parameter.parameter
        if current.get(number) == parameter.value:
            return []
        if not unsure and number in current and number not in _AT_ONCE:
            return []
        current[number] = parameter.value
        return [ParameterApplied(number, parameter.value)]

    def _settled(self, told: set[int]) -> list[MeshAction]:
        """After an answer that `told` what is in effect: be sure, and stay where it came from.

        If it told the channel, that is where to be.
        """
        actions: list[MeshAction] = []
        searched = self._search.state is Knowledge.SEARCHING
        self._search.found()
        self._remembered.clear()
        current = self.schedule.current
        if searched and ParameterId.CHANNEL not in told:
            if current[ParameterId.CHANNEL] != self._radio.channel:
                actions.append(ParameterApplied(ParameterId.CHANNEL, self._radio.channel))
            current[ParameterId.CHANNEL] = self._radio.channel
        return [*actions, *self._tuned(self._home())]

    def _knows_more(self, said: set[tuple[int, Value]]) -> bool:
        """Tell whether we know of changes that a neighbour has not said."""
        return any(
            (parameter, change.value) not in said
            for parameter in ParameterId
            for change in self.schedule.ahead(parameter)
        )

    def _news(self, now: int) -> None:
        self._told.clear()
        if self.sleepy and not self._trickle.running:
            return
        if self._trickle.running:
            self._trickle.hear_inconsistent(now=now)
        else:
            self._trickle.start(now=now)

    def _is_anything_ahead(self) -> bool:
        return self.schedule.next_deadline() is not None

    def _announce(self, now: int) -> list[MeshAction]:
        actions: list[MeshAction] = [self._update(ALL_NODES, now, current=False)]
        self._told = {each: self._told[each] for each in self.sleepers if each in self._told}
        for sleeper in self.sleepers:
            tellings = self._told.get(sleeper, 0)
            if tellings < TELLINGS:
                self._told[sleeper] = tellings + 1
                actions.append(self._update(link_local(iid_of(sleeper)), now, current=True))
        return actions

    def _step(self, step: Ask | Listen) -> list[MeshAction]:
        match step:
            case Ask():
                return [sent(UPDATE_REQUEST, self._source, ALL_NODES)]
            case Listen(channel):
                channel = self._home() if channel is None else channel
                return self._tuned(channel)

    def _home(self) -> int:
        channel = self.schedule.current[ParameterId.CHANNEL]
        assert isinstance(channel, int)
        return channel

    def _elsewhere(self) -> list[int]:
        """Return the channels to search: first where we know that all meant to go."""
        ahead = list(self.schedule.ahead(ParameterId.CHANNEL))
        ahead += [change for number, change in self._remembered if number == ParameterId.CHANNEL]
        meant = [change.value for change in ahead]
        channels = [channel for channel in meant if isinstance(channel, int)]
        channels += [channel for channel in self.settings.channels if channel not in channels]
        return [channel for channel in channels if channel != self._home()]

    def _tuned(self, channel: int) -> list[MeshAction]:
        pan_id = self.schedule.current[ParameterId.PAN_ID]
        assert isinstance(pan_id, int)
        if (self._radio.channel, self._radio.pan_id) == (channel, pan_id):
            return []
        self._radio = replace(self._radio, channel=channel, pan_id=pan_id)
        return [Configure(self._radio)]

    def _update(self, destination: bytes, now: int, *, current: bool) -> SendMle:
        said = self.schedule.parameters(now=now, current=current)
        return sent(update(said), self._source, destination)

    def _save(self, now: int) -> None:
        said = self.schedule.parameters(now=now, current=True)
        for parameter, change in self._remembered:
            said.append(NetworkParameter(parameter, delay_until(change, now), change.value))
        self._record.save(said, now=now)

    def _saved(self, now: int) -> list[MeshAction]:
        if self._record.is_too_soon(now=now):
            return []
        try:
            self._save(now)
        except StoreError as error:
            return [ParametersNotSaved(str(error))]
        return []
