"""The table of contexts (RFC 6775 §4.2, §5.4)."""

import pytest

from lowpan.adaptation.contexts import RECEIVE_ONLY_PERIOD, ContextTable
from lowpan.errors import FieldOutOfRange
from lowpan.wire.addresses import Context

SECOND = 1_000_000
MESH_LOCAL = Context(bytes.fromhex("fd000db800000000"), 64)
GLOBAL = Context(bytes.fromhex("20010db800010000"), 64)


def test_contexts_are_learnt_replaced_and_forgotten() -> None:
    table = ContextTable()
    known = table.known
    table.learn(0, MESH_LOCAL)
    table.learn(15, GLOBAL)
    assert dict(known) == {0: MESH_LOCAL, 15: GLOBAL}
    table.learn(0, GLOBAL)
    table.forget(15)
    table.forget(7)
    assert dict(known) == {0: GLOBAL}
    assert table.next_deadline() is None


@pytest.mark.parametrize("identifier", [-1, 16, 255])
def test_identifiers_have_4_bits(identifier: int) -> None:
    with pytest.raises(FieldOutOfRange):
        ContextTable().learn(identifier, MESH_LOCAL)


def test_table_never_holds_more_than_16() -> None:
    table = ContextTable()
    for identifier in range(16):
        table.learn(identifier, MESH_LOCAL)
        table.learn(identifier, GLOBAL, now=0, lifetime=SECOND)
    assert len(table.known) == 16


def test_known_contexts_cannot_be_changed_from_outside() -> None:
    with pytest.raises(TypeError):
        ContextTable().known[0] = MESH_LOCAL  # type: ignore[index]  # pyright: ignore


def test_expired_context_decompresses_for_a_while() -> None:
    table = ContextTable(receive_only_period=100 * SECOND)
    table.learn(1, GLOBAL, now=0, lifetime=60 * SECOND)
    table.learn(2, MESH_LOCAL, now=0)
    assert table.next_deadline() == 60 * SECOND
    table.handle_deadline(now=60 * SECOND - 1)
    assert table.known[1].compress
    table.handle_deadline(now=60 * SECOND)
    assert not table.known[1].compress
    assert table.known[1].prefix == GLOBAL.prefix
    assert table.next_deadline() == 160 * SECOND
    table.handle_deadline(now=160 * SECOND)
    assert dict(table.known) == {2: MESH_LOCAL}
    assert table.next_deadline() is None


def test_late_call_does_all_that_is_due() -> None:
    table = ContextTable(receive_only_period=100 * SECOND)
    table.learn(1, GLOBAL, now=0, lifetime=60 * SECOND)
    table.handle_deadline(now=1000 * SECOND)
    assert not table.known


def test_context_for_decompression_only_ends_with_its_lifetime() -> None:
    table = ContextTable()
    table.learn(1, Context(GLOBAL.prefix, 64, compress=False), now=0, lifetime=60 * SECOND)
    table.handle_deadline(now=60 * SECOND)
    assert not table.known


def test_refreshed_context_lives_on() -> None:
    table = ContextTable()
    table.learn(1, GLOBAL, now=0, lifetime=60 * SECOND)
    table.learn(1, GLOBAL, now=50 * SECOND, lifetime=60 * SECOND)
    table.handle_deadline(now=60 * SECOND)
    assert table.known[1].compress
    table.learn(1, GLOBAL, now=70 * SECOND)
    assert table.next_deadline() is None


def test_lifetime_of_zero_forgets() -> None:
    table = ContextTable()
    table.learn(1, GLOBAL)
    table.learn(1, GLOBAL, now=0, lifetime=0)
    assert not table.known
    assert table.next_deadline() is None
    assert RECEIVE_ONLY_PERIOD == 3600 * SECOND
