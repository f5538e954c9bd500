"""Frame counters of what we send: reserved before use, never used twice, never wrapped."""

import pytest

from lowpan.errors import StoreError
from lowpan.mac.counters import CounterExhausted, OutgoingCounter, PatientStore
from lowpan.store import MemoryStore, Store
from tests.mac.secured import FailingStore

NAME = "outgoing/0badcafe"


def counter(store: Store, *, ahead: int = 10) -> OutgoingCounter:
    return OutgoingCounter(PatientStore(store), "0badcafe", ahead=ahead)


def mark(store: Store) -> int:
    return int.from_bytes(store.load(NAME) or b"", "big")


def test_counters_are_reserved_before_they_are_used() -> None:
    store = MemoryStore()
    ours = counter(store)
    for expected in range(35):
        assert ours.take(now=0) == expected
        assert mark(store) == expected // 10 * 10 + 10


def test_restart_goes_on_at_the_mark() -> None:
    store = MemoryStore()
    assert [counter(store).take(now=0) for _ in range(3)] == [0, 10, 20]


def test_attack_18_restart_at_once_after_a_reservation_uses_nothing_twice() -> None:
    store = MemoryStore()
    before = counter(store)
    used = [before.take(now=0) for _ in range(11)]
    after = counter(store)
    used += [after.take(now=0) for _ in range(25)]
    assert len(set(used)) == len(used)


def test_two_over_one_store_share_what_is_reserved() -> None:
    """The same key under two names, or in the link layer and in MLE."""
    store = MemoryStore()
    one, other = counter(store), counter(store)
    used = [which.take(now=0) for which in [one, other, other, one] * 20]
    assert len(set(used)) == len(used)


def test_other_keys_count_by_themselves() -> None:
    store = PatientStore(MemoryStore())
    counters = [OutgoingCounter(store, key, ahead=10) for key in ("0badcafe", "deadbeef")]
    assert [ours.take(now=0) for ours in counters * 3] == [0, 0, 1, 1, 2, 2]


def test_attack_20_the_last_counter_is_never_used_and_nothing_wraps() -> None:
    store = MemoryStore()
    store.save(NAME, (0xFFFFFFFB).to_bytes(4, "big"))
    ours = counter(store)
    used = [ours.take(now=0) for _ in range(4)]
    assert used == [0xFFFFFFFB, 0xFFFFFFFC, 0xFFFFFFFD, 0xFFFFFFFE]
    for again in (ours, counter(store)):
        with pytest.raises(CounterExhausted):
            again.take(now=10_000_000)


def test_attack_18_failing_store_stops_when_the_reserve_is_used_up() -> None:
    store = FailingStore()
    ours = counter(store)
    assert ours.take(now=0) == 0
    store.fails = True
    assert [ours.take(now=0) for _ in range(9)] == list(range(1, 10))
    with pytest.raises(StoreError) as raised:
        ours.take(now=0)
    assert raised.value.cure == "free some space"


def test_failed_reservation_is_tried_again_once_a_second() -> None:
    store = FailingStore()
    store.fails = True
    ours = counter(store)
    for now in (0, 1, 999_999, 1_000_000, 1_000_001):
        with pytest.raises(StoreError, match="full"):
            ours.take(now=now)
    assert store.attempts == 2
    store.fails = False
    with pytest.raises(StoreError):
        ours.take(now=1_999_999)
    assert ours.take(now=2_000_000) == 0
    assert [ours.take(now=2_000_001) for _ in range(20)] == list(range(1, 21))


def test_failure_that_saved_all_the_same_wastes_only() -> None:
    store = MemoryStore()
    ours = counter(store)
    store.save(NAME, (10).to_bytes(4, "big"))  # as if the answer alone had been lost
    assert ours.take(now=0) == 10


def test_store_set_back_while_we_run_is_not_followed() -> None:
    store = MemoryStore()
    ours = counter(store)
    used = [ours.take(now=0) for _ in range(10)]
    store.remove(NAME)
    used += [ours.take(now=0) for _ in range(10)]
    assert used == list(range(20))


def test_foreign_record_is_a_store_error() -> None:
    store = MemoryStore()
    store.save(NAME, b"12345")
    with pytest.raises(StoreError, match="5 octets"):
        counter(store).take(now=0)
