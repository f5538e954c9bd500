"""Finding out which firmware answers at a port, without harm to any: `serial:PATH`, or the path.

The port is opened once, for us alone, and never while another process has it open.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from lowpan.errors import RadioError
from lowpan.radio import Radio, RadioUri, parse_radio_uri, radio_schemes
from lowpan.radio.finding import Firmware
from lowpan_radios.base import BaseRadio
from lowpan_radios.port_names import holders
from lowpan_radios.ports import PROBABLY, usb_ids
from lowpan_radios.probe_answers import (
    NAMELESS,
    SENSNIFF,
    SLIP,
    SPINEL,
    TI,
    Question,
    parameters_of,
    recognised,
    spinel,
)
from lowpan_radios.serial_line import how_to_free
from lowpan_radios.stream import STREAM_PARAMETERS, Stream, open_stream

TRIED: dict[int, tuple[Question, ...]] = {
    460_800: (SPINEL, SENSNIFF),
    115_200: (SPINEL, SLIP),
    1_000_000: (SPINEL,),
    921_600: (TI,),
    3_000_000: (TI,),
}
"""Speeds in the order in which they are tried, and who may be met at each."""

EVERYBODY = (SPINEL, SENSNIFF, TI, SLIP)

LISTENING = 0.15
"""Seconds to hear who speaks without being asked, such as a sniffer that was left running."""

ANSWERING = 0.25
"""Seconds until an answer must be there: a hundred times what a serial line needs."""

NORDIC_IDS = (0x1915, 0x154B)
"""Its text shell has no harmless question, and no other firmware has these ids."""


async def open_probed(uri: RadioUri) -> Radio:
    """Find out who is at the port and open the driver for it; raise RadioError if nobody is."""
    scheme, parameters, described = await _identify(uri)
    radio: Radio = await radio_schemes()[scheme].load()(
        replace(uri, scheme=scheme, parameters=parameters)
    )
    if isinstance(radio, BaseRadio):
        said = radio.description or described
        radio.description = f"{said} (found by probing: {_uri(scheme, uri, parameters)})"
    return radio


async def probe(text: str) -> Firmware:
    """Return who answers at the port; raise RadioError if nobody does."""
    uri = parse_radio_uri(text)
    scheme, parameters, described = await _identify(uri)
    return Firmware(_uri(scheme, uri, parameters), described)


def _uri(scheme: str, uri: RadioUri, parameters: dict[str, str]) -> str:
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    return f"{scheme}:{uri.target}" + (f"?{query}" if query else "")


async def _identify(uri: RadioUri) -> tuple[str, dict[str, str], str]:
    """Return scheme, parameters and description of what is at the port."""
    uri.only(*STREAM_PARAMETERS)
    _refuse_held(uri)
    parameters = dict(uri.parameters)
    if usb_ids(uri.target) == NORDIC_IDS:
        return "nordic", parameters, PROBABLY[NORDIC_IDS]
    plan = dict(_plan(uri))
    stream = await open_stream(uri, next(iter(plan)))
    asking = _Asking(uri, stream)
    try:
        for baudrate, questions in plan.items():
            try:
                stream.set_baudrate(baudrate)
            except RadioError:  # a speed that this port has not: nobody is met there
                continue
            found = await asking.ask(questions)
            if found is not None:
                if not uri.target.startswith(("tcp:", "fd:")):
                    parameters["baudrate"] = str(baudrate)
                return found[0], parameters | parameters_of(found[1]), found[1]
    finally:
        stream.close()
    raise _nobody(uri, plan, asking.octets)


def _plan(uri: RadioUri) -> Iterator[tuple[int, tuple[Question, ...]]]:
    """Yield the speeds to try, and what to ask at each."""
    if "baudrate" in uri.parameters:
        yield uri.integer("baudrate", 0, low=300, high=12_000_000), EVERYBODY
    elif uri.target.startswith(("tcp:", "fd:")):  # which have no speed
        yield next(iter(TRIED)), EVERYBODY
    else:
        yield from TRIED.items()


def _refuse_held(uri: RadioUri) -> None:
    for number, name in holders(uri.target):
        if number != os.getpid():
            cause = f"{uri.text}: {uri.target} is in use by {name} (process {number})"
            raise RadioError(cause, f"{how_to_free(name)}; nothing was sent")


def _nobody(uri: RadioUri, plan: dict[int, tuple[Question, ...]], octets: int) -> RadioError:
    who = sorted({question.scheme for questions in plan.values() for question in questions})
    speeds = ", ".join(map(str, plan))
    said = f"{octets} octets that are none of theirs" if octets else "no answer"
    cause = f"{uri.text}: {said} (asked for {', '.join(who)} at {speeds} baud)"
    cure = f"name the driver and the speed: spinel:{uri.target}?baudrate=460800, or nordic:, ti:"
    return RadioError(cause, cure)


class _Asking:
    """One port's answers."""

    def __init__(self, uri: RadioUri, stream: Stream) -> None:
        self._uri, self._stream = uri, stream
        self._heard = b""
        self._came = asyncio.Event()
        self._lost = ""
        self.octets = 0
        """That have come, of whatever kind."""
        stream.start(self._hear, self._lose)

    def _hear(self, octets: bytes) -> None:
        self.octets += len(octets)
        self._heard = (self._heard + octets)[-65_536:]
        self._came.set()

    def _lose(self, why: str) -> None:
        self._lost = why
        self._came.set()

    async def ask(self, questions: tuple[Question, ...]) -> tuple[str, str] | None:
        """Return scheme and description of who speaks or answers; None if nobody does."""
        self._heard = b""
        found = await self._listen(LISTENING)
        for question in questions:
            if found is None:
                self._stream.write(question.octets)
                found = await self._listen(ANSWERING)
        return await self._name() if found == ("spinel", NAMELESS) else found

    async def _listen(self, seconds: float) -> tuple[str, str] | None:
        """Wait until somebody is recognised, at most so long."""
        try:
            async with asyncio.timeout(seconds):
                while (found := recognised(self._heard)) is None:
                    if self._lost:
                        raise RadioError(f"{self._uri.text}: {self._lost}", "plug it in again")
                    self._came.clear()
                    await self._came.wait()
        except TimeoutError:
            return None
        return found

    async def _name(self) -> tuple[str, str]:
        """Let a Spinel firmware that spoke by itself tell its name."""
        self._stream.write(SPINEL.octets)
        with suppress(TimeoutError):  # then it stays without a name
            async with asyncio.timeout(ANSWERING):
                while not (name := spinel(self._heard)) or name == NAMELESS:
                    self._came.clear()
                    await self._came.wait()
                return "spinel", name
        return "spinel", NAMELESS
