"""The driver of radio co-processors keeps the contract, against the double."""

from collections.abc import AsyncIterator

import pytest

from tests.peers.rcp import rcp_on_pty
from tests.radios.contract import RadioContract
from tests.radios.counterpart import Counterpart


class TestRcp(RadioContract):
    measures_energy = True

    @pytest.fixture
    async def counterpart(self) -> AsyncIterator[Counterpart]:
        async with rcp_on_pty() as double:
            yield double
