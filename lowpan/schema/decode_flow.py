"""Branches and loops of a decoder: what only the octets at run time can decide."""

from typing import Any

from lowpan.schema.decoder import Dead, Decoder, parts_of
from lowpan.schema.regions import NO_OCTETS
from lowpan.schema.terms import Code, Term, fold, follow


def branch(decoder: Decoder, arms: list[tuple[str, Any]], default: Any) -> Term:
    """Write arms chosen at run time, each `(condition, node)`, and the node for none of them."""
    decoder.flush()
    result, join = decoder.fresh(), decoder.source.fresh("p")
    start, ends = (decoder.base, decoder.offset), set[tuple[str, int]]()
    keyword = "if"
    for condition, node in [*arms, ("", default)]:
        header = f"{keyword} {condition}:" if condition else "else:"
        with decoder.source.block(header), decoder.at_run_time():
            decoder.base, decoder.offset = start
            try:
                term = decoder.node(node)
                decoder.flush()
                decoder.source.line(f"{result} = {decoder.source.text(term)}")
                decoder.source.line(f"{join} = {decoder.at()}")
                ends.add((decoder.base, decoder.offset))
            except Dead:
                decoder.forget()
        keyword = "elif"
    if not ends:
        raise Dead
    decoder.base, decoder.offset = ends.pop() if len(ends) == 1 else (join, 0)
    return Code(result)


def loop(
    decoder: Decoder, header: str, node: Any, *, last: Any = None, may_be_empty: bool = False
) -> Term:
    """Write `node` again and again under `header`; `{p}` in it is the position."""
    decoder.flush()
    items, place = decoder.source.fresh("items"), decoder.source.fresh("p")
    decoder.source.line(f"{items} = []")
    decoder.source.line(f"{place} = {decoder.at()}")
    with decoder.source.block(header.format(p=place)), decoder.at_run_time():
        decoder.base, decoder.offset = place, 0
        try:
            item = _item(decoder, node, items, named=last is not None)
            if may_be_empty:
                at = decoder.at()
                decoder.refuse_if(f"{at} == {place}", NO_OCTETS, place)
            decoder.source.line(f"{place} = {decoder.at()}")
            if last is not None:
                _stop_after(decoder, last, item)
        except Dead:
            decoder.forget()
    decoder.base, decoder.offset = place, 0
    return Code(f"tuple({items})")


def _item(decoder: Decoder, node: Any, items: str, *, named: bool) -> Code:
    """Write one item of a loop, in a variable if it will be looked at again."""
    term = decoder.node(node)
    decoder.flush()
    item = decoder.source.text(term)
    if named:
        item, made = decoder.source.fresh("item"), item
        decoder.source.line(f"{item} = {made}")
    decoder.source.line(f"{items}.append({item})")
    return Code(item, parts_of(term))


def _stop_after(decoder: Decoder, last: Any, item: Code) -> None:
    done = fold(last, lambda names: follow(item, names), decoder.source.literal)
    with decoder.source.block(f"if {decoder.source.text(done)}:"):
        decoder.source.line("break")
