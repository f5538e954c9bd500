"""Branches and loops of an encoder: what only the value at run time can decide."""

from contextlib import suppress
from typing import Any

from lowpan.schema.encoder import Dead, Encoder
from lowpan.schema.shape import least_octets
from lowpan.schema.terms import Code, Term, fold, follow


def branch(encoder: Encoder, arms: list[tuple[str, Any]], default: Any | None, value: Term) -> Term:
    """Write `value` as one of the arms, each `(condition, node)`, else as `default`, if any."""
    if default is None:  # what comes before them must be written also where none is taken
        encoder.flush()
    result, keyword = encoder.source.fresh(), "if"
    with encoder.writes.arms() as arm:
        for condition, node in arms if default is None else [*arms, ("", default)]:
            header = f"{keyword} {condition}:" if condition else "else:"
            with encoder.source.block(header), encoder.at_run_time(), suppress(Dead), arm():
                seen = encoder.node(node, value)
                if not encoder.kept:  # what was computed may be read later
                    encoder.source.line(f"{result} = {encoder.source.text(seen)}")
            keyword = "elif"
    return value if encoder.kept else Code(result)


def array(encoder: Encoder, node: Any, value: Term) -> Term:
    """Write each item of a tuple as `node`."""
    items, item = _items(encoder, value)
    with encoder.source.block(f"for {item} in {items}:"), encoder.at_run_time():
        _write(encoder, node, item)
    return Code(items)


def run(encoder: Encoder, node: Any, value: Term) -> Term:
    """Write each item of a Run; refuse those that a decoder would not find again."""
    items, item = _items(encoder, value)
    ended = encoder.source.fresh("ended")
    if node.last is not None:
        encoder.source.line(f"{ended} = False")
    with encoder.source.block(f"for {item} in {items}:"), encoder.at_run_time():
        if node.last is not None:
            encoder.doubt(ended)
        if least_octets(node.subcon):
            _write(encoder, node.subcon, item)
        else:
            _write_some(encoder, node.subcon, item)
        if node.last is not None:
            last = fold(node.last, lambda names: follow(Code(item), names), encoder.source.literal)
            encoder.source.line(f"{ended} = {encoder.source.text(last)}")
    if node.last is not None:
        encoder.writes.leave_open(f"{ended} or not {items}" if node.may_be_left_out else ended)
    return Code(items)


def _items(encoder: Encoder, value: Term) -> tuple[str, str]:
    """Return the names of a tuple and of an item of it."""
    items = encoder.local(value)
    encoder.doubt(f"type({items}) is not tuple")
    encoder.flush()
    return items, encoder.source.fresh("item")


def _write(encoder: Encoder, node: Any, item: str) -> None:
    try:
        encoder.node(node, Code(item))
        encoder.flush()
    except Dead:
        encoder.forget()


def _write_some(encoder: Encoder, node: Any, item: str) -> None:
    """Write an item that may take no octets, and refuse it if it does."""
    before = encoder.source.fresh("before")
    encoder.source.line(f"{before} = len({encoder.writes.variable})")
    _write(encoder, node, item)
    encoder.doubt(f"len({encoder.writes.variable}) == {before}")
    encoder.flush()
