"""Any order of sealing, loss, repetition, crashes: no counter twice, no frame accepted twice."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from lowpan.mac.keys import KeyIdentifier
from lowpan.mac.security import LinkSecurity, Opened, Refusal
from lowpan.mac.service import Drop
from tests.mac.secured import (
    ALICE,
    BOB,
    CAROL,
    KEY,
    OTHER_KEY,
    PAN_ID,
    Crash,
    CrashingStore,
    data,
    decoded,
    table,
)

NODES = (ALICE, BOB, CAROL)
SHORT = {ALICE: b"\x00\x0a", BOB: b"\x00\x0b", CAROL: b"\x00\x0c"}
KEYS = {1: KEY, 2: KEY, 3: OTHER_KEY}
"""By key index; 1 and 2 are two names of one key."""


class Network(RuleBasedStateMachine):
    """Three nodes with keys in common, air that loses, repeats and reorders, and crashes."""

    @initialize(ahead=st.integers(1, 5), most_senders=st.integers(1, 4))
    def start(self, ahead: int, most_senders: int) -> None:
        self.ahead, self.most_senders = ahead, most_senders
        self.stores = {address: CrashingStore() for address in NODES}
        self.nodes = {address: self._started(address) for address in NODES}
        self.now = 0
        self.on_air: list[tuple[bytes, bytes]] = []
        """Sender and PSDU of each frame sent; any can be heard at any time, by anyone."""
        self.accepted: set[tuple[bytes, bytes]] = set()
        """Receiver and PSDU."""
        self.undisturbed = dict.fromkeys(NODES, True)
        """Has not crashed since it began, so that it has no excuse for refusing what is new."""

    @rule(sender=st.sampled_from(NODES), index=st.sampled_from([1, 2, 3]), short=st.booleans())
    def seal(self, sender: bytes, index: int, short: bool) -> None:
        node = self.nodes[sender]
        node.key = KeyIdentifier(1, index)
        frame = data(SHORT[sender] if short else sender, b"\xff\xff")
        try:
            psdu = node.seal(frame, now=self.now)
        except Crash:
            self._restart(sender)
        else:
            self.on_air.append((sender, psdu))

    @rule(receiver=st.sampled_from(NODES), which=st.integers(0, 1 << 30))
    def deliver(self, receiver: bytes, which: int) -> None:
        if self.on_air:
            self._deliver(receiver, *self.on_air[which % len(self.on_air)])

    @rule(receiver=st.sampled_from(NODES))
    def deliver_all(self, receiver: bytes) -> None:
        for sender, psdu in list(self.on_air):
            self._deliver(receiver, sender, psdu)

    @rule(address=st.sampled_from(NODES))
    def crash(self, address: bytes) -> None:
        self._restart(address)

    @rule(address=st.sampled_from(NODES), moments=st.integers(0, 5))
    def crash_while_saving(self, address: bytes, moments: int) -> None:
        self.stores[address].moments_left = moments

    @rule(address=st.sampled_from(NODES))
    def end_in_order(self, address: bytes) -> None:
        try:
            self.nodes[address].settle(now=self.now)
        except Crash:
            self._restart(address)
        else:
            self.nodes[address] = self._started(address)

    @rule(later=st.integers(0, 30_000_000))
    def wait(self, later: int) -> None:
        self.now += later

    @invariant()
    def no_counter_is_used_twice(self) -> None:
        if hasattr(self, "on_air"):
            nonces = [(sender, *_key_and_counter(psdu)) for sender, psdu in self.on_air]
            assert len(set(nonces)) == len(nonces)

    def _deliver(self, receiver: bytes, sender: bytes, psdu: bytes) -> None:
        try:
            outcome = self.nodes[receiver].open(decoded(psdu), psdu, now=self.now)
        except Crash:
            self._restart(receiver)
            return
        if isinstance(outcome, Opened):
            assert (receiver, psdu) not in self.accepted
            assert outcome.extended_source == sender
            self.accepted.add((receiver, psdu))
        elif self._must_accept(receiver, sender, psdu):
            raise AssertionError(outcome)
        assert not isinstance(outcome, Refusal) or outcome.drop in {
            *(Drop.REPLAYED, Drop.DUPLICATE),
        }

    def _must_accept(self, receiver: bytes, sender: bytes, psdu: bytes) -> bool:
        """Tell whether nothing explains a refusal: no crash, nothing later heard before.

        A sender that was forgotten comes back with a higher counter; the checksums of the three
        differ.
        """
        key, counter = _key_and_counter(psdu)
        return (
            self.undisturbed[receiver]
            and receiver != sender
            and all(
                counter > other
                for who, heard in self.accepted
                if who == receiver
                for source, sent in self.on_air
                if sent == heard and source == sender
                for other_key, other in [_key_and_counter(heard)]
                if other_key == key
            )
        )

    def _restart(self, address: bytes) -> None:
        self.stores[address].moments_left = None
        self.undisturbed[address] = False
        self.nodes[address] = self._started(address)

    def _started(self, address: bytes) -> LinkSecurity:
        node = LinkSecurity(
            *(address, table(KEYS), self.stores[address]),
            counters_ahead=self.ahead,
            most_senders=self.most_senders,
        )
        for peer, short in SHORT.items():
            node.peers.add(peer, short, pan_id=PAN_ID)
        return node


def _key_and_counter(psdu: bytes) -> tuple[bytes, int]:
    security = decoded(psdu).security
    assert security is not None
    assert security.key_index is not None
    assert security.frame_counter is not None
    return KEYS[security.key_index], security.frame_counter


TestNetwork = Network.TestCase
TestNetwork.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
