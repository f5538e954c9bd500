"""Addresses of a compressed IPv6 header, elided and completed (RFC 6282 §3.1.1, §3.2)."""

from collections.abc import Iterator
from typing import Any

from construct import Bytes

from lowpan.schema import ABSENT, Derived
from lowpan.schema.decode_nodes import deriving
from lowpan.schema.decoder import Decoder
from lowpan.schema.encoder import Encoder
from lowpan.schema.source import Source
from lowpan.schema.terms import Code, Term
from lowpan.wire.addresses import Context, Surroundings, format_ipv6

SOURCE_IID, DESTINATION_IID = "source_iid", "destination_iid"
"""Interface identifiers of the surroundings: who sent the header around this one, and to whom."""

_Part = bytes | int | str

_NO_ADDRESS = "elided, but no header around this one has an address"


class Address(Derived):
    """An address of which only a part is in line, if any; `parts` say what its octets are.

    A part is octets that go without saying, a count of octets in line, or the name of an
    interface identifier of the surroundings.  With `context`, the expression of its number, a
    context tells the first 64 bits, or more, and the parts make up the interface identifier.

    Both ways refuse an address that would not come back the same.
    """

    def __init__(self, *parts: _Part, context: Any = None) -> None:
        self.parts = parts
        self.in_context = context is not None
        inline = sum(part for part in parts if isinstance(part, int))
        arguments = [context] if self.in_context else []
        subcon = Bytes(inline) if inline else ABSENT
        super().__init__(subcon, self._complete, self._elide, *arguments)

    # -- interpreted, and compiled where a context is longer than 64 bits or something is missing

    def _complete(
        self, inline: bytes | None, around: Surroundings | None, number: int | None = None
    ) -> bytes:
        made, rest = b"", inline or b""
        for part in self.parts:
            if isinstance(part, int):
                made, rest = made + rest[:part], rest[part:]
            elif isinstance(part, str):
                made += _identifier(around, part, needed=not self.in_context)
            else:
                made += part
        return made if number is None else _complete_in(context_of(around, number), made)

    def _elide(
        self, address: bytes, around: Surroundings | None, number: int | None = None
    ) -> bytes | None:
        pieces = [address[at:end] for at, end, part in self._places() if isinstance(part, int)]
        inline = b"".join(pieces)
        check_completed(address, self._complete(inline, around, number))
        return inline or None

    def _places(self) -> Iterator[tuple[int, int, _Part]]:
        """Yield where each part begins and ends in the address."""
        at = 8 if self.in_context else 0
        for part in self.parts:
            size = part if isinstance(part, int) else 8 if isinstance(part, str) else len(part)
            yield at, at + size, part
            at += size

    # -- compiled: the usual address in line

    def emit_decode(self, decoder: Decoder) -> Term:
        """Write the completing."""
        source = decoder.source
        texts = list(self._completing(decoder))
        inline = source.text(decoder.node(self.subcon))
        told = [f"s.{part}" for part in self.parts if isinstance(part, str)]
        if not told and not self.in_context:
            return Code(f"({' + '.join(texts)})")
        given = [source.text(decoder.run(argument)) for argument in self.arguments]
        decoder.flush()
        value, usual = decoder.fresh(), ["s is not None"]
        for number in given:
            context, found = _shared_context(decoder, number)
            usual += [] if found else [f"({context} := s.contexts.get({number})) is not None"]
            usual.append(f"{context}.length <= 64")
            texts.insert(0, f"{context}.network")
        with deriving(decoder):
            with source.block(f"if {' and '.join(usual + told)}:"):
                source.line(f"{value} = {' + '.join(texts)}")
            with source.block("else:"):
                complete = source.constant(self.decode, "complete")
                source.line(f"{value} = {complete}({', '.join([inline, 's', *given])})")
        return Code(value)

    def _completing(self, decoder: Decoder) -> Iterator[str]:
        """Yield source of each part."""
        at = 0
        for part in self.parts:
            if isinstance(part, int):
                yield f"o[{decoder.at(at)}:{decoder.at(at + part)}]"
                at += part
            else:
                yield _text(decoder.source, part)

    def emit_encode(self, encoder: Encoder, value: Term) -> Term:
        """Write the eliding."""
        source, address = encoder.source, encoder.local(value)
        encoder.doubt(f"len({address}) != 16")
        told: list[tuple[int, int, str]] = []
        given = [source.text(encoder.fold(argument)) for argument in self.arguments]
        long = ""
        for number in given:
            context, found = _shared_context(encoder, number)
            if not found:
                source.line(f"{context} = s.contexts[{number}]")
            told.append((0, 8, f"{context}.network"))
            long = f"{context}.length > 64"
        for at, end, part in self._places():
            if isinstance(part, int):
                encoder.pack(f">{part}s", f"{address}[{at}:{end}]")
            else:
                told.append((at, end, _text(source, part)))
        unlike = [_unlike(address, *piece) for piece in _joined(told)]
        if not long:
            encoder.doubt(" or ".join(unlike))
            return Code(address)
        with source.block(f"if {' or '.join([*unlike, long])}:"):  # no fault yet, but unusual
            elide = source.constant(self.encode, "elide")
            source.line(f"{elide}({', '.join([address, 's', *given])})")
        return Code(address)


def _shared_context(writer: Decoder | Encoder, number: str) -> tuple[str, bool]:
    """Return the local name of a context, and whether it holds that context already."""
    held = writer.source.held
    if number in held and not writer.conditional:
        return held[number], True
    context = writer.source.fresh("context")
    if not writer.conditional:
        held[number] = context
    return context, False


def _text(source: Source, part: bytes | str) -> str:
    return f"s.{part}" if isinstance(part, str) else source.literal(part)


def _joined(pieces: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Return the pieces of an address with those joined that follow each other."""
    joined = pieces[:1]
    for at, end, text in pieces[1:]:
        start, before, first = joined[-1]
        if before == at:
            joined[-1] = (start, end, f"{first} + {text}")
        else:
            joined.append((at, end, text))
    return joined


def _unlike(address: str, at: int, end: int, text: str) -> str:
    piece = address if (at, end) == (0, 16) else f"{address}[{at}:{end}]"
    return f"{piece} != {text}"


def _identifier(around: Surroundings | None, name: str, *, needed: bool) -> bytes:
    identifier: bytes = b"" if around is None else getattr(around, name)
    if needed and not identifier:
        raise ValueError(_NO_ADDRESS)
    return identifier


def _complete_in(context: Context, identifier: bytes) -> bytes:
    """Return the address in a context; one of 128 bits leaves nothing to the frame."""
    if identifier:
        return context.complete(identifier)
    if context.length < 128:
        raise ValueError(_NO_ADDRESS)
    return context.prefix


def complete_multicast_of_prefix(
    octets: bytes, surroundings: Surroundings | None, number: int
) -> bytes:
    """Return ffXX:XXLL:PPPP:PPPP:PPPP:PPPP:XXXX:XXXX of 6 octets, L and P from a context.

    L and P are the length and the first 64 bits of the context's prefix (RFC 3306), so a longer
    prefix does not fit.  Raise ValueError then, and where the context is not known.
    """
    context = context_of(surroundings, number)
    if context.length > 64:
        raise ValueError(f"context {number}: {context.length} bits for a multicast prefix")
    return b"\xff" + octets[:2] + bytes((context.length,)) + context.network + octets[2:]


def elide_to_multicast_of_prefix(
    address: bytes, surroundings: Surroundings | None, number: int
) -> bytes:
    """Return the 6 octets of a multicast address that its context does not tell."""
    octets = address[1:3] + address[12:]
    check_completed(address, complete_multicast_of_prefix(octets, surroundings, number))
    return octets


def context_of(surroundings: Surroundings | None, number: int) -> Context:
    """Return a context by its number; raise ValueError if nobody told it."""
    context = None if surroundings is None else surroundings.contexts.get(number)
    if context is None:
        raise ValueError(f"context {number} is not known")
    return context


def check_completed(address: bytes, made: bytes) -> None:
    """Raise ValueError unless `address` is what will be `made` of it."""
    if made == address:
        return
    if len(address) != 16:
        raise ValueError(f"an IPv6 address of {len(address)} octets")
    raise ValueError(f"{format_ipv6(address)} would come back as {format_ipv6(made)}")
