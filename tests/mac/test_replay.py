"""The counters of others go up only, whatever we forget and whenever we crash."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import FieldOutOfRange, StoreError
from lowpan.mac.counters import PatientStore
from lowpan.mac.replay import Freshness, IncomingCounters
from lowpan.store import MemoryStore, Store
from tests.mac.secured import Crash, CrashingStore, FailingStore

KEY, OTHER = "0badcafe", "deadbeef"
SENDERS = [number.to_bytes(8, "big") for number in range(2000)]
SECOND = 1_000_000
NEW, REPEATED, OLD = Freshness.NEW, Freshness.REPEATED, Freshness.OLD


def counters(store: Store, *, most_senders: int = 100) -> IncomingCounters:
    return IncomingCounters(PatientStore(store), most_senders=most_senders)


def test_first_counter_is_accepted_and_then_they_only_go_up() -> None:
    ours = IncomingCounters()
    told = [ours.accept(KEY, SENDERS[0], counter, now=0) for counter in (7, 7, 6, 0, 9, 8, 7, 10)]
    assert told == [NEW, REPEATED, OLD, OLD, NEW, OLD, OLD, NEW]


def test_senders_and_keys_are_counted_apart() -> None:
    ours = IncomingCounters()
    assert ours.accept(KEY, SENDERS[0], 100, now=0) is NEW
    assert ours.accept(KEY, SENDERS[1], 5, now=0) is NEW
    assert ours.accept(OTHER, SENDERS[0], 0, now=0) is NEW
    assert ours.accept(KEY, SENDERS[0], 99, now=0) is OLD


def test_attack_20_the_last_counter_is_never_accepted() -> None:
    ours = IncomingCounters()
    assert ours.accept(KEY, SENDERS[0], 0xFFFFFFFF, now=0) is OLD
    assert ours.accept(KEY, SENDERS[0], 0xFFFFFFFE, now=0) is NEW
    assert ours.accept(KEY, SENDERS[0], 0xFFFFFFFE, now=0) is REPEATED
    assert ours.accept(KEY, SENDERS[0], 0, now=0) is OLD


def test_attack_27_forgotten_sender_cannot_be_replayed() -> None:
    ours = IncomingCounters(most_senders=4)
    for sender in SENDERS[:100]:
        assert ours.accept(KEY, sender, 50, now=0) is NEW
    for sender in SENDERS[:100]:
        assert ours.accept(KEY, sender, 50, now=0) is not NEW
        assert ours.accept(KEY, sender, 49, now=0) is OLD
    assert len(list(ours.senders())) == 4
    assert ours.accept(KEY, SENDERS[0], 51, now=0) is NEW


def test_attack_27_forgotten_sender_cannot_be_replayed_after_a_restart() -> None:
    store = MemoryStore()
    ours = counters(store, most_senders=4)
    for sender in SENDERS[:100]:
        assert ours.accept(KEY, sender, 50, now=0) is NEW
    ours = counters(store, most_senders=4)
    for sender in SENDERS[:100]:
        assert ours.accept(KEY, sender, 50, now=0) is not NEW
    assert len(store.names()) <= 4 + 100


def test_sender_that_is_heard_is_not_the_one_forgotten() -> None:
    ours = IncomingCounters(most_senders=4)
    for counter, sender in enumerate(SENDERS[1:400]):
        assert ours.accept(KEY, SENDERS[0], counter, now=0) is NEW
        ours.accept(KEY, sender, 10_000, now=0)
    assert SENDERS[0] in set(ours.senders())


def test_records_do_not_grow_with_the_senders() -> None:
    store = MemoryStore()
    ours = counters(store, most_senders=4)
    for sender in SENDERS:
        ours.accept(KEY, sender, 50, now=0)
    assert len(store.names()) <= 4 + 256
    for sender in SENDERS:
        assert ours.accept(KEY, sender, 50, now=0) is not NEW


def test_newcomer_below_the_mark_gets_in_by_a_challenge() -> None:
    ours = IncomingCounters(most_senders=1)
    for sender in SENDERS[:1000]:
        ours.accept(KEY, sender, 50, now=0)
    assert ours.accept(KEY, SENDERS[1999], 3, now=0) is OLD
    ours.establish(KEY, SENDERS[1999], 4, now=0)
    told = [ours.accept(KEY, SENDERS[1999], counter, now=0) for counter in (3, 4, 4, 5)]
    assert told == [OLD, NEW, REPEATED, NEW]


def test_challenge_never_makes_an_accepted_counter_good_again() -> None:
    ours = IncomingCounters()
    ours.accept(KEY, SENDERS[0], 10, now=0)
    ours.establish(KEY, SENDERS[0], 5, now=0)
    assert ours.accept(KEY, SENDERS[0], 10, now=0) is REPEATED
    assert ours.accept(KEY, SENDERS[0], 7, now=0) is OLD
    ours.establish(KEY, SENDERS[0], 20, now=0)
    assert ours.accept(KEY, SENDERS[0], 19, now=0) is OLD
    assert ours.accept(KEY, SENDERS[0], 20, now=0) is NEW
    with pytest.raises(FieldOutOfRange):
        ours.establish(KEY, SENDERS[0], 1 << 32, now=0)


def test_a_late_answer_makes_nothing_new_again() -> None:
    ours = IncomingCounters()
    for counter in (3, 7, 10):
        assert ours.accept(KEY, SENDERS[0], counter, now=0) is Freshness.NEW
    assert ours.establish(KEY, SENDERS[0], 20, now=0)
    assert not ours.establish(KEY, SENDERS[0], 10, now=0)  # what it said before 10 came
    assert ours.accept(KEY, SENDERS[0], 10, now=0) is Freshness.OLD
    assert ours.establish(KEY, SENDERS[0], 11, now=0)  # later than that: nothing was taken since
    assert ours.accept(KEY, SENDERS[0], 11, now=0) is Freshness.NEW


def test_a_late_answer_of_one_who_was_forgotten_since_makes_nothing_new_again() -> None:
    ours = IncomingCounters(most_senders=1)
    assert ours.accept(KEY, SENDERS[0], 10, now=50) is Freshness.NEW
    assert ours.accept(KEY, SENDERS[1], 1, now=60) is Freshness.NEW  # SENDERS[0] is forgotten
    assert not ours.establish(KEY, SENDERS[0], 5, now=70, challenged_at=60)
    assert ours.accept(KEY, SENDERS[0], 10, now=70) is Freshness.OLD
    assert ours.establish(KEY, SENDERS[0], 11, now=70, challenged_at=60)
    assert ours.accept(KEY, SENDERS[0], 11, now=70) is Freshness.NEW


def test_counters_of_two_layers_share_a_store_and_nothing_else() -> None:
    store = MemoryStore()
    link = IncomingCounters(PatientStore(store))
    mle = IncomingCounters(PatientStore(store), name="mle/")
    assert link.accept(KEY, SENDERS[0], 10, now=0) is Freshness.NEW
    assert mle.accept(KEY, SENDERS[0], 10, now=0) is Freshness.NEW
    assert not IncomingCounters(PatientStore(store), name="other/").knows(KEY, SENDERS[0])
    link.forget_key(KEY)
    again = IncomingCounters(PatientStore(store), name="mle/")
    assert again.accept(KEY, SENDERS[0], 10, now=0) is Freshness.OLD
    assert not IncomingCounters(PatientStore(store)).knows(KEY, SENDERS[0])


def test_attack_18_restart_accepts_nothing_that_was_accepted() -> None:
    store = MemoryStore()
    ours = counters(store)
    for counter in range(1000):
        ours.accept(KEY, SENDERS[0], counter, now=counter * 1000)
        again = counters(store)
        assert again.accept(KEY, SENDERS[0], counter, now=0) is OLD


def test_crash_costs_about_ten_seconds_of_the_senders_frames() -> None:
    for per_second in (1, 10, 100):
        store = MemoryStore()
        ours = counters(store)
        for counter in range(100 * per_second):
            ours.accept(KEY, SENDERS[0], counter, now=counter * SECOND // per_second)
        again = counters(store)
        lost = 0
        while again.accept(KEY, SENDERS[0], 100 * per_second + lost, now=0) is OLD:
            lost += 1
        assert lost <= 11 * per_second


def test_slow_sender_loses_nothing_by_a_crash() -> None:
    store = MemoryStore()
    for counter in range(100):
        assert counters(store).accept(KEY, SENDERS[0], counter, now=counter * 60 * SECOND) is NEW
    ours = counters(store)
    for counter in range(100, 200):
        assert ours.accept(KEY, SENDERS[0], counter, now=counter * 60 * SECOND) is NEW
    assert counters(store).accept(KEY, SENDERS[0], 200, now=0) is NEW


def test_burst_of_a_slow_sender_costs_a_crash_no_more_than_the_burst() -> None:
    store = MemoryStore()
    ours = counters(store)
    for burst in range(10):
        for number in range(20):
            ours.accept(KEY, SENDERS[0], burst * 20 + number, now=burst * 60 * SECOND + number)
    again = counters(store)
    assert again.accept(KEY, SENDERS[0], 220, now=0) is NEW


def test_writes_are_few() -> None:
    """A full channel of one sender for ten minutes."""
    store = FailingStore()
    ours = counters(store)
    for counter in range(60_000):
        ours.accept(KEY, SENDERS[0], counter, now=counter * SECOND // 100)
    assert store.attempts < 80


def test_orderly_end_costs_nothing() -> None:
    store = MemoryStore()
    ours = counters(store)
    for counter in range(1000):
        ours.accept(KEY, SENDERS[0], counter, now=counter * 1000)
    ours.settle(now=SECOND)
    again = counters(store)
    assert again.accept(KEY, SENDERS[0], 999, now=0) is OLD
    assert again.accept(KEY, SENDERS[0], 1000, now=0) is NEW
    for counter in range(1001, 2000):  # and it may go on after settling
        assert again.accept(KEY, SENDERS[0], counter, now=counter) is NEW


def test_challenge_after_a_crash_lets_a_sender_in_at_once() -> None:
    store = MemoryStore()
    ours = counters(store)
    for counter in range(1000):
        ours.accept(KEY, SENDERS[0], counter, now=counter * 1000)
    again = counters(store)
    assert again.accept(KEY, SENDERS[0], 1001, now=0) is OLD
    again.establish(KEY, SENDERS[0], 1001, now=0)
    assert again.accept(KEY, SENDERS[0], 1001, now=0) is NEW
    assert counters(store).accept(KEY, SENDERS[0], 1001, now=0) is OLD


def test_attack_18_what_cannot_be_kept_is_not_accepted() -> None:
    store = FailingStore()
    store.fails = True
    ours = counters(store)
    with pytest.raises(StoreError):
        ours.accept(KEY, SENDERS[0], 7, now=0)
    store.fails = False
    assert ours.accept(KEY, SENDERS[0], 7, now=SECOND) is NEW
    store.fails = True
    with pytest.raises(StoreError):
        ours.accept(KEY, SENDERS[0], 8, now=SECOND)
    assert ours.accept(KEY, SENDERS[0], 7, now=SECOND) is REPEATED


def test_full_table_over_a_failing_store_forgets_nobody() -> None:
    store = FailingStore()
    ours = counters(store, most_senders=2)
    for sender in SENDERS[:2]:
        ours.accept(KEY, sender, 7, now=0)
    store.fails = True
    with pytest.raises(StoreError):
        ours.accept(KEY, SENDERS[2], 7, now=0)
    assert set(ours.senders()) == set(SENDERS[:2])


def test_key_that_is_gone_for_good_leaves_no_record() -> None:
    store = MemoryStore()
    ours = counters(store, most_senders=2)
    for key in (KEY, OTHER):
        for sender in SENDERS[:5]:
            ours.accept(key, sender, 7, now=0)
    ours.forget_key(KEY)
    assert store.names()
    assert all(OTHER in name for name in store.names())
    assert ours.accept(KEY, SENDERS[0], 0, now=0) is NEW
    assert ours.accept(OTHER, SENDERS[4], 7, now=0) is REPEATED
    assert ours.accept(OTHER, SENDERS[0], 7, now=0) is OLD


@pytest.mark.parametrize(
    ("name", "octets"), [(f"incoming/{KEY}/nobody", bytes(4)), (f"incoming/{KEY}/00", b"1")]
)
def test_foreign_record_is_a_store_error(name: str, octets: bytes) -> None:
    store = MemoryStore()
    store.save(name, octets)
    with pytest.raises(StoreError):
        counters(store)


def accept_until_crash(store: CrashingStore, moment: int) -> list[tuple[bytes, int]] | None:
    """Return what was accepted before the crash at `moment`, None if there was none."""
    accepted = list[tuple[bytes, int]]()
    ours = counters(store, most_senders=2)
    store.moments_left = moment
    try:
        for counter in range(5):
            for sender in SENDERS[:4]:
                if ours.accept(KEY, sender, counter, now=counter) is NEW:
                    accepted.append((sender, counter))
        ours.settle(now=SECOND)
    except Crash:
        return accepted
    return None


def test_attack_18_crash_at_any_moment_lets_nothing_in_again() -> None:
    moment = 0
    while (accepted := accept_until_crash(store := CrashingStore(), moment)) is not None:
        store.moments_left = None
        ours = counters(store, most_senders=2)
        again = [ours.accept(KEY, sender, counter, now=0) for sender, counter in accepted]
        assert NEW not in again, f"moment {moment}"
        moment += 1
    assert moment > 100


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("frame"), st.integers(0, 3), st.integers(0, 60), st.integers(0, 20 * SECOND)
        ),
        st.tuples(st.sampled_from(["crash", "settle"]), *[st.just(0)] * 3),
    ),
    max_size=60,
)


@given(STEPS, st.integers(1, 5))
def test_no_counter_is_accepted_twice(
    steps: list[tuple[str, int, int, int]], most_senders: int
) -> None:
    store = MemoryStore()
    ours = counters(store, most_senders=most_senders)
    accepted = set[tuple[int, int]]()
    now = 0
    for step, sender, counter, later in steps:
        now += later
        if step == "settle":
            ours.settle(now=now)
        elif step == "crash":
            ours = counters(store, most_senders=most_senders)
        elif ours.accept(KEY, SENDERS[sender], counter, now=now) is NEW:
            assert (sender, counter) not in accepted
            assert all(counter > other for who, other in accepted if who == sender)
            accepted.add((sender, counter))
