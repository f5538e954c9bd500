"""Runs inside the kernel of run-in-kernel.sh: all checks in one boot, their results as JSON.

`python -m tests.kernel.inside DIRECTORY`: results and captures are left in DIRECTORY.
"""

import asyncio
import json
import sys
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path
from time import perf_counter
from typing import Any

from tests.kernel.command_scenarios import COMMAND_SCENARIOS
from tests.kernel.node_scenarios import NODE_SCENARIOS
from tests.kernel.scenarios import SCENARIOS
from tests.kernel.secured_scenarios import SECURED_SCENARIOS
from tests.kernel.tun_scenarios import TUN_SCENARIOS
from tests.peers.kernel import KernelCounterpart
from tests.radios import contract

PATIENCE = 400
"""Seconds for one check: a thousand pings take 45, and 115 where others use the processor too."""
MANY = 3_000
"""Frames at full rate: the processor is an emulated one."""

MONITOR_ALONE = (
    "test_it_is_what_it_declares",
    "test_a_frame_is_sent_or_clearly_refused",
    "test_a_second_opening_is_refused_and_harms_nobody",
    "test_nothing_is_left_open",
)
"""Of the contract, for a radio by name, which differs in its monitor being made only."""


class MonitorContract(contract.RadioContract):
    """What a monitor interface is."""

    line = tells_bad_fcs = False


class NodeContract(MonitorContract):
    """What a node interface is."""

    awaits_ack = False


Check = Callable[[Path], Coroutine[Any, Any, object]]


def contract_checks(uri: str, made: contract.RadioContract) -> dict[str, Check]:
    """Return the tests of the contract, each with a counterpart of its own."""
    names = [name for name in dir(made) if name.startswith("test_") and getattr(made, name)]

    def check(name: str) -> Check:
        async def run(_: Path) -> None:
            async with KernelCounterpart(uri) as counterpart:
                await getattr(made, name)(counterpart)

        return run

    return {
        f"{uri} {name}": check(name) for name in names if "phy" not in uri or name in MONITOR_ALONE
    }


def checks() -> dict[str, Check]:
    """Return all that is to be checked, by name, in its order."""
    return {
        **contract_checks("wpan:mon0", MonitorContract()),
        **contract_checks("wpan:phy0", MonitorContract()),
        **contract_checks("wpan:wpan0", NodeContract()),
        **NODE_SCENARIOS,
        **COMMAND_SCENARIOS,
        **SECURED_SCENARIOS,
        **TUN_SCENARIOS,
        **SCENARIOS,
    }


def main(directory: Path) -> None:
    """Run every check, whatever became of those before it."""
    contract.MANY = MANY
    results: dict[str, dict[str, object]] = {}
    for name, check in checks().items():
        begin = perf_counter()
        told: object = None
        error = ""
        try:
            told = asyncio.run(asyncio.wait_for(check(directory), PATIENCE))
        except BaseException:
            error = traceback.format_exc()
        seconds = round(perf_counter() - begin, 3)
        results[name] = {"error": error, "told": told, "seconds": seconds}
        (directory / "results.json").write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
