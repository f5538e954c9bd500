"""The state of a node in values that JSON has: for people, logs and monitoring."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lowpan.aio.running import Running
from lowpan.node.state import engine_counters, engine_state

if TYPE_CHECKING:
    from lowpan.aio.mle import Mle
    from lowpan.aio.tun_host import TunHost


def counters_of(running: Running, tun: "TunHost | None", mle: "Mle | None") -> dict[str, Any]:
    """Return what a node has counted since it began."""
    statistics = asdict(running.radio.statistics)
    counters = engine_counters(running.engine)
    counters["radio"] = {name: value for name, value in statistics.items() if value}
    if tun is not None:
        counters["tun"] = tun.counters()
    if mle is not None:
        counters["mle_refused"] = mle.counters()
    return counters


def state_of(running: Running, tun: "TunHost | None", mle: "Mle | None") -> dict[str, Any]:
    """Return who a node is, what it knows, and what it has counted."""
    return {
        "radio": running.radio.uri,
        **engine_state(running.engine),
        **({} if mle is None else {"mle": mle.state()}),
        "ended": None if running.failure is None else str(running.failure),
        "counters": counters_of(running, tun, mle),
    }
