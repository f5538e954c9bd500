"""Octets to try a Layout with: random ones, few different ones, real ones, changed and cut ones."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from random import Random
from typing import Any

from lowpan.schema import Layout
from lowpan.wire.addresses import Surroundings
from tests.fuzz.mutation import Mutator
from tests.schema.agreement import MALFORMED, decoded, every_layout
from tests.schema.recorded import Input, recorded
from tests.wire.sixlowpan_samples import CONTEXTS, MORE_CONTEXTS

LONGEST = 80
"""Octets of what is made by chance; what is made of real inputs may be longer."""
_ALPHABETS = (bytes(range(5)), b"\x00\xff", bytes.fromhex("0001020408107f80feff"))
_IIDS = (b"", bytes.fromhex("000000fffe00a1b2"), bytes(range(8)))
AROUND = (
    None,
    *(Surroundings(*_IIDS[:2], contexts) for contexts in ({}, CONTEXTS, MORE_CONTEXTS)),
    *(Surroundings(_IIDS[2], _IIDS[1], MORE_CONTEXTS, inner) for inner in (False, True)),
)
"""Surroundings of a compressed header: with and without addresses and contexts."""
WITH_SURROUNDINGS = ("iphc.", "nhc.")
"""How the names of formats begin that are read by their surroundings."""


@cache
def layouts() -> dict[str, Layout[Any]]:
    """Return every Layout by its name."""
    return dict(every_layout())


@cache
def real_inputs(name: str) -> tuple[Input, ...]:
    """Return real inputs of a format, and such by chance of one that nobody sends here."""
    found = recorded()[name]
    return found if len(found) > 20 else (*found, *islice(_grown(name), 0, None, 2))


def _grown(name: str) -> Iterator[Input]:
    """Yield what the format takes of random octets, of every length and with any first octet."""
    random, layout = Random(f"grown {name}"), layouts()[name]
    tries = [random.randbytes(length) for length in range(LONGEST) for _ in range(16)]
    tries += [bytes([first]) + random.randbytes(LONGEST - 1) for first in range(256)]
    for octets in tries:
        found = decoded(layout.decode_prefix, octets, AROUND[-1])
        if found != MALFORMED:
            yield Input(octets[: found[1]], AROUND[-1])


def inputs(name: str, random: Random, count: int) -> Iterator[Input]:
    """Yield `count` inputs for the format called `name`."""
    real = real_inputs(name)
    mutator = Mutator(random, [one.octets for one in real])
    for number in range(count):
        octets, surroundings = _input(real, mutator, random, number)
        if not name.startswith(WITH_SURROUNDINGS):
            surroundings = None
        elif random.random() < 0.5:
            surroundings = random.choice(AROUND)
        yield Input(octets, surroundings)


def _input(real: Sequence[Input], mutator: Mutator, random: Random, number: int) -> Input:
    kind = number % 10
    if kind < 2 or not real:
        return Input(random.randbytes(int(LONGEST * random.random() ** 2)), None)
    if kind < 4:
        alphabet = random.choice(_ALPHABETS)
        return Input(bytes(random.choices(alphabet, k=random.randrange(LONGEST // 2))), None)
    one = random.choice(real)
    if kind == 4:
        return one
    if kind == 5:
        return one._replace(octets=one.octets[: random.randrange(len(one.octets) + 1)])
    return one._replace(octets=mutator.mutated(one.octets))
