"""Branches and loops of an encoder: what only the value at run time can decide."""

from typing import Any

from lowpan.schema.encoder import Dead, Encoder
from lowpan.schema.terms import Code, Term, fold, follow


def branch(encoder: Encoder, arms: list[tuple[str, Any]], default: Any, value: Term) -> Term:
    """Write `value` as one of the arms, each `(condition, node)`, or as `default`."""
    encoder.flush()
    result, keyword = encoder.source.fresh(), "if"
    for condition, node in [*arms, ("", default)]:
        header = f"{keyword} {condition}:" if condition else "else:"
        with encoder.source.block(header), encoder.at_run_time():
            try:
                seen = encoder.node(node, value)
                encoder.flush()
                if not encoder.kept:  # what was computed may be read later
                    encoder.source.line(f"{result} = {encoder.source.text(seen)}")
            except Dead:
                encoder.forget()
        keyword = "elif"
    return value if encoder.kept else Code(result)


def loop(encoder: Encoder, node: Any, value: Term, last: Any = None) -> Term:
    """Write each item of a tuple as `node`; refuse one behind the first that is `last`."""
    items, item = encoder.local(value), encoder.source.fresh("item")
    encoder.doubt(f"type({items}) is not tuple")
    encoder.flush()
    done = encoder.source.fresh("done")
    if last is not None:
        encoder.source.line(f"{done} = False")
    with encoder.source.block(f"for {item} in {items}:"), encoder.at_run_time():
        if last is not None:
            encoder.doubt(done)
        try:
            encoder.node(node, Code(item))
            encoder.flush()
            if last is not None:
                held = fold(last, lambda names: follow(Code(item), names), encoder.source.literal)
                encoder.source.line(f"{done} = {encoder.source.text(held)}")
        except Dead:
            encoder.forget()
    if last is not None:
        encoder.writes.leave_open(f"{done} or not {items}")
    return Code(items)
