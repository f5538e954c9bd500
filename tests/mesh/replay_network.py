"""Any order of sending, loss, repetition, delay, forgery, rotation, crashes, on both layers.

The rules of no frame accepted twice, no counter used twice, and no lasting silence of honest
nodes, as a machine for hypothesis.
"""

from collections.abc import Callable
from functools import partial
from random import Random

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from lowpan.errors import MalformedFrame, SecurityError, StoreError
from lowpan.mac.security import Opened
from lowpan.mac.thread_keys import derive
from lowpan.mesh.key_sequence import HOUR
from lowpan.wire.ieee802154 import Frame, decode_frame
from lowpan.wire.secret import fingerprint
from tests.mac.secured import ALICE, BOB, CAROL, Crash, CrashingStore
from tests.mesh.mle import NETWORK_KEY
from tests.mesh.talkers import ROTATION_HOURS, Kind, Sealed, Talker

NODES = (ALICE, BOB, CAROL)
MESSAGES_TO_SPEAK_AGAIN = 8
"""Between two nodes, whatever was before: two requests and their answers each way."""
TIME_TO_SPEAK_AGAIN = (ROTATION_HOURS + 1) * HOUR
"""Microseconds, where a key has no counters left; without that, as soon as the store works."""
MOST_ON_AIR = 200
"""From then on nobody replies to replays."""
SENDERS_THAT_FIT = 4
"""Two others, each under two keys: with less room nodes forget each other, and are silent then."""
RETRY = 2_000_000
nodes = st.sampled_from(NODES)


class TroubledStore(CrashingStore):
    """A store in which the process ends, or that fails, on demand."""

    def __init__(self) -> None:
        super().__init__()
        self.fails = False

    def save(self, name: str, octets: bytes) -> None:
        if self.fails:
            raise StoreError("the medium is full")
        super().save(name, octets)


class ReplayNetwork(RuleBasedStateMachine):
    """Three nodes, and air that keeps all that was ever sent."""

    @initialize(
        seed=st.integers(0, 1 << 30),
        ahead=st.integers(1, 5),
        senders=st.sampled_from([1, 2, SENDERS_THAT_FIT, 8]),
        exhausted=st.sets(nodes),
    )
    def start(self, seed: int, ahead: int, senders: int, exhausted: set[bytes]) -> None:
        self.random, self.ahead, self.senders, self.now = Random(seed), ahead, senders, 1
        self.stores = {address: TroubledStore() for address in NODES}
        for address in exhausted:  # the first keys are nearly used up
            for key in derive(NETWORK_KEY, 0):
                mark = 0xFFFFFFFF - 12
                self.stores[address].save(f"outgoing/{fingerprint(key)}", mark.to_bytes(4, "big"))
        self.nodes = {address: self._born(address) for address in NODES}
        self.on_air: list[Sealed] = []
        self.nonces: set[tuple[bytes, tuple[object, ...]]] = set()
        self.accepted: set[tuple[bytes, bytes]] = set()
        """Receiver and octets."""
        self.sequences = dict.fromkeys(NODES, 0)
        self.is_peace = False
        """Replies to all are heard; else to a replay of everything there would be ever more."""

    # What happens

    @rule(sender=nodes)
    def send_frame(self, sender: bytes) -> None:
        self._say(sender, lambda: self.nodes[sender].frame(now=self.now))

    @rule(sender=nodes)
    def send_request(self, sender: bytes) -> None:
        self._say(sender, lambda: self.nodes[sender].request(now=self.now))

    @rule(receiver=nodes, which=st.integers(0, 1 << 30))
    def deliver(self, receiver: bytes, which: int) -> None:
        """Deliver anything that was ever sent: at last, again, or in another order."""
        if self.on_air:
            self._deliver(receiver, self.on_air[which % len(self.on_air)])

    @rule(receiver=nodes)
    def deliver_the_latest(self, receiver: bytes) -> None:
        if self.on_air:
            self._deliver(receiver, self.on_air[-1])

    @rule(receiver=nodes)
    def replay_everything(self, receiver: bytes) -> None:
        for sealed in list(self.on_air):
            self._deliver(receiver, sealed)

    @rule(
        receiver=nodes,
        which=st.integers(0, 1 << 30),
        bit=st.integers(0, 1 << 30),
        claimed=st.none() | nodes,
    )
    def forge(self, receiver: bytes, which: int, bit: int, claimed: bytes | None) -> None:
        """Change a bit of anything that was ever sent, or say that another has sent it."""
        if not self.on_air:
            return
        sealed = self.on_air[which % len(self.on_air)]
        octets = bytearray(sealed.octets)
        if claimed is None or claimed == sealed.sender or sealed.kind is Kind.FRAME:
            octets[bit // 8 % len(octets)] ^= 1 << bit % 8
        sender = claimed or sealed.sender
        believed = self._believed(receiver, sender, bytes(octets), sealed.kind)
        assert not believed

    @rule(address=nodes)
    def crash(self, address: bytes) -> None:
        self._restart(address)

    @rule(address=nodes, moments=st.integers(0, 5))
    def crash_while_saving(self, address: bytes, moments: int) -> None:
        self.stores[address].moments_left = moments

    @rule(address=nodes, fails=st.booleans())
    def store_fails(self, address: bytes, fails: bool) -> None:
        self.stores[address].fails = fails

    @rule(address=nodes)
    def end_in_order(self, address: bytes) -> None:
        node = self.nodes[address]

        def settle() -> None:
            node.link.settle(now=self.now)
            node.mle.settle(now=self.now)

        self._unless_it_crashes(address, settle)
        self._restart(address)

    @rule(later=st.integers(1, 30_000_000))
    def wait(self, later: int) -> None:
        self.now += later

    @rule(hours=st.integers(1, 7), awake=st.sets(nodes))
    def rotate(self, hours: int, awake: set[bytes]) -> None:
        """Let hours go by, in which some do nothing at all."""
        for _ in range(hours):
            self.now += HOUR
            for address in sorted(awake):
                self._run_deadlines(address)

    @precondition(lambda self: self.senders >= SENDERS_THAT_FIT)
    @rule()
    def speak_again(self) -> None:
        """Whatever was before: with air, stores and time, every two nodes hear each other."""
        for address in NODES:
            self.stores[address].fails = False
            self.stores[address].moments_left = None
        self.now, self.is_peace = self.now + RETRY, True
        if any(map(self._has_no_counters, NODES)):
            self._let_keys_change()
        for one in NODES:
            for other in NODES:
                if one < other:
                    self._talk(one, other)
        for one in NODES:
            for other in NODES:
                if one != other:
                    self._must_hear(one, other)
        self.is_peace = False

    # How

    def _born(self, address: bytes) -> Talker:
        bounds = {"ahead": self.ahead, "senders": self.senders}
        return Talker(address, self.stores[address], self.random, now=self.now, **bounds)

    def _restart(self, address: bytes) -> None:
        store = self.stores[address]
        store.moments_left, store.fails = None, False
        self.nodes[address] = self._born(address)
        self._check_sequence(address)

    def _unless_it_crashes(self, address: bytes, act: Callable[[], None]) -> None:
        try:
            act()
        except Crash:
            self._restart(address)
        except (SecurityError, StoreError):
            pass  # it says so to its caller, and does nothing
        self._check_sequence(address)

    def _check_sequence(self, address: bytes) -> None:
        current = self.nodes[address].keys.current
        assert current >= self.sequences[address]
        self.sequences[address] = current

    def _say(self, sender: bytes, say: Callable[[], Sealed]) -> Sealed | None:
        said: list[Sealed] = []
        self._unless_it_crashes(sender, lambda: said.append(say()))
        for sealed in said:
            assert (sender, sealed.nonce) not in self.nonces
            self.nonces.add((sender, sealed.nonce))
            self.on_air.append(sealed)
        return said[0] if said else None

    def _deliver(self, receiver: bytes, sealed: Sealed) -> bool:
        return self._believed(receiver, sealed.sender, sealed.octets, sealed.kind)

    def _believed(self, receiver: bytes, sender: bytes, octets: bytes, kind: Kind) -> bool:
        """Tell whether `receiver` believes this; what it has to say is on air then."""
        self.now += 1
        node, believed = self.nodes[receiver], list[bytes]()
        replies: list[Callable[[], Sealed]] = []

        def hear() -> None:
            if kind is not Kind.FRAME:
                opened, said = node.hear_message(octets, sender, now=self.now)
                replies.extend(said)
                if opened is not None:
                    believed.append(opened.sender)
            elif _is_frame(octets):
                heard = node.hear_frame(octets, now=self.now)
                if isinstance(heard, Opened):
                    believed.append(heard.extended_source or b"")

        self._unless_it_crashes(receiver, hear)
        for say in replies:
            if self.nodes[receiver] is node and (self.is_peace or len(self.on_air) < MOST_ON_AIR):
                self._say(receiver, say)
        if not believed:
            return False
        assert believed == [sender]
        assert receiver != sender
        assert (receiver, octets) not in self.accepted
        self.accepted.add((receiver, octets))
        return True

    def _run_deadlines(self, address: bytes) -> None:
        def run() -> None:
            keys = self.nodes[address].keys
            while keys.next_deadline() <= self.now:
                keys.handle_deadline(now=self.now)

        self._unless_it_crashes(address, run)

    def _has_no_counters(self, address: bytes) -> bool:
        """Tell whether a node cannot say the few things that it takes to speak again."""
        node = self.nodes[address]
        try:
            return any(
                user.next_counter(now=self.now) >= 0xFFFFFFFF - 40 for user in (node.link, node.mle)
            )
        except SecurityError:
            return True

    def _let_keys_change(self) -> None:
        until = self.now + TIME_TO_SPEAK_AGAIN
        while self.now < until:
            self.now += HOUR // 2
            for address in NODES:
                self._run_deadlines(address)

    def _talk(self, one: bytes, other: bytes) -> None:
        """Let both ask and answer each other, twice; whatever else they say is lost."""
        messages = 0
        for asking, answering in 2 * ((one, other), (other, one)):
            asker = self.nodes[asking]
            request = self._say(asking, partial(asker.request, now=self.now))
            assert request is not None
            first = len(self.on_air)
            self._deliver(answering, request)
            answers = [sealed for sealed in self.on_air[first:] if sealed.kind is Kind.ACCEPT]
            for answer in answers:
                self._deliver(asking, answer)
            messages += 1 + len(answers)
        assert messages <= MESSAGES_TO_SPEAK_AGAIN

    def _must_hear(self, sender: bytes, receiver: bytes) -> None:
        for say in (self.nodes[sender].frame, self.nodes[sender].request):
            sealed = self._say(sender, partial(say, now=self.now))
            assert sealed is not None
            assert self._deliver(receiver, sealed), (sender, receiver, sealed)


def _is_frame(octets: bytes) -> bool:
    try:
        return isinstance(decode_frame(octets), Frame)
    except MalformedFrame:
        return False
