"""What tests of the driver of radio co-processors share."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from lowpan.radio import parse_radio_uri
from lowpan_radios import rcp, rcp_line, rcp_requests
from lowpan_radios.rcp import Rcp, open_spinel
from lowpan_radios.spinel_names import Command
from tests.peers.rcp import RcpDouble
from tests.radios.contract_parts import PATIENCE

FRAME = bytes.fromhex("41 88 01 cd ab 02 00 01 00 aa bb cc")
WITH_ACK = bytes.fromhex("61 88 02 cd ab 02 00 01 00 aa bb cc")


@asynccontextmanager
async def opened(double: RcpDouble, query: str = "") -> AsyncGenerator[Rcp]:
    """Open the radio that `double` is, and close it."""
    async with asyncio.timeout(PATIENCE):
        radio = await open_spinel(parse_radio_uri(double.uri + query))
    async with radio:
        yield radio


def make_impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every wait for the radio short."""
    monkeypatch.setattr(rcp_line, "RESET_TIMEOUT", 0.05)
    monkeypatch.setattr(rcp, "TRANSMIT_TIMEOUT", 0.1)
    monkeypatch.setattr(rcp, "SCAN_TIMEOUT", 0.05)
    send = rcp_requests.Requests.send
    monkeypatch.setattr(send, "__defaults__", (0.1,))


def settings_told(double: RcpDouble) -> list[int]:
    """Return which properties the host has set, in order."""
    told = [m.property for m in double.asked if m.command == Command.PROP_VALUE_SET]
    return [number for number in told if number is not None]
