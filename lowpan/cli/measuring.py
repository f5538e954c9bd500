"""What `lowpan energy` does: a radio in; bars, lines or a picture out."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import ExitStack, aclosing
from dataclasses import dataclass, field
from itertools import count
from time import time

from rich.console import Console
from rich.live import Live
from rich.table import Table

from lowpan.cli.output import Output
from lowpan.cli.plotting import plot_energies, plotting
from lowpan.cli.radio_channels import channels_to_visit
from lowpan.errors import RadioError
from lowpan.radio import Radio, RadioCapability, open_radio

LOWEST, HIGHEST = -100.0, -20.0
"""Ends of the bars, dBm: the noise of a good receiver, and a transmitter beside it."""

_WIDTH = 40


@dataclass(frozen=True, slots=True)
class EnergyOptions:
    """The options of `lowpan energy`."""

    channels: str | None = None
    duration: float = 0.05
    """Seconds on each channel."""
    count: int | None = None
    """Rounds; 0 for ever, None: for ever on a terminal, else one."""
    form: str = "text"
    """text or json."""
    plot: str | None = None


@dataclass(slots=True)
class Energies:
    """What was measured of each channel, dBm."""

    last: dict[int, float] = field(default_factory=dict[int, float])
    highest: dict[int, float] = field(default_factory=dict[int, float])
    rounds: int = 0

    def add(self, channel: int, energy: float) -> None:
        """Take in one measurement."""
        self.last[channel] = energy
        self.highest[channel] = max(energy, self.highest.get(channel, energy))


def energy(uri: str, options: EnergyOptions) -> int:
    """Do it and return the exit status; who interrupts has what was measured so far."""
    if options.plot is not None:
        plotting()  # before anybody waits for nothing
    energies = Energies()
    with Output() as output:
        try:
            asyncio.run(_measure(uri, options, energies, output))
        except KeyboardInterrupt:
            if not energies.last:
                raise
        if options.form == "text" and not output.is_terminal:
            for line in bars(energies):
                output.line(line)
        if options.plot is not None:
            plot_energies(options.plot, uri, energies.last, energies.highest)
    return 0


async def _measure(uri: str, options: EnergyOptions, energies: Energies, output: Output) -> None:
    rounds = options.count
    if rounds is None:
        rounds = 0 if output.is_terminal else 1
    async with await open_radio(uri) as radio:
        if RadioCapability.ENERGY not in radio.capabilities:
            cause = f"{uri}: {radio.description} cannot measure energy"
            raise RadioError(cause, "take a radio that can, such as spinel:")
        channels = channels_to_visit(radio, options.channels)
        with ExitStack() as stack:
            live = None
            if options.form == "text" and output.is_terminal:
                live = stack.enter_context(Live(console=Console(highlight=False)))
            async with aclosing(_rounds(radio, channels, options.duration, energies)) as steps:
                async for whole in steps:
                    if live is not None:
                        live.update(_table(energies))
                    if whole and options.form == "json":
                        output.line(json.dumps(as_json(energies)))
                        output.flush()
                    if rounds and energies.rounds == rounds:
                        break


async def _rounds(
    radio: Radio, channels: tuple[int, ...], seconds: float, energies: Energies
) -> AsyncGenerator[bool]:
    """Measure for ever; yield after each channel, True after the last one of a round."""
    for number in count(1):
        for channel in channels:
            energies.add(channel, await radio.measure_energy(channel, round(seconds * 1000)))
            if channel == channels[-1]:
                energies.rounds = number
            yield channel == channels[-1]
            await asyncio.sleep(0)  # so that Ctrl-C is heeded, however quick the radio is


def as_json(energies: Energies) -> dict[str, object]:
    """Return one round for `-T json`."""
    channels = {str(channel): energy for channel, energy in energies.last.items()}
    return {"time": round(time(), 3), "round": energies.rounds, "energy_dbm": channels}


def bar(energy: float) -> str:
    """Return the bar of one energy, in eighths of a character."""
    part = (min(max(energy, LOWEST), HIGHEST) - LOWEST) / (HIGHEST - LOWEST)
    whole, eighths = divmod(round(part * _WIDTH * 8), 8)
    return "█" * whole + (" ▏▎▍▌▋▊▉"[eighths] if eighths else "")


def bars(energies: Energies) -> list[str]:
    """Return the last round as lines."""
    return ["channel  dBm  highest"] + [
        f"{channel:7}  {energy:4.0f}  {energies.highest[channel]:6.0f}  {bar(energy)}".rstrip()
        for channel, energy in energies.last.items()
    ]


def _table(energies: Energies) -> Table:
    table = Table(title=f"round {energies.rounds + 1}", box=None)
    for name in ("channel", "dBm", "highest"):
        table.add_column(name, justify="right")
    table.add_column("")
    for channel, energy in energies.last.items():
        highest = energies.highest[channel]
        colour = "red" if energy > -60 else "yellow" if energy > -80 else "green"
        cells = (str(channel), f"{energy:.0f}", f"{highest:.0f}")
        table.add_row(*cells, f"[{colour}]{bar(energy)}[/]")
    return table
