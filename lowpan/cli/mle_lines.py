"""Links and network parameters, as lines of text and values of JSON."""

import time
from typing import Any

from lowpan.mesh.parameter_events import ParameterApplied, ParameterScheduled
from lowpan.mesh.parameter_schedule import ParameterId, Value

ParameterNews = ParameterScheduled | ParameterApplied


def said_of_parameter(news: ParameterNews) -> str:
    """Return what the network has, or will have."""
    name = ParameterId(news.parameter).name.lower().replace("_", " ").replace("pan id", "PAN ID")
    what = f"{name} {_shown(news.parameter, news.value)}"
    if isinstance(news, ParameterApplied):
        return f"{what} from now on"
    return f"{what} in {_seconds_until(news.moment):.1f} s"


def parameter_values(news: ParameterNews) -> dict[str, Any]:
    """Return the same as values by name; moments on our own clock tell nobody else anything."""
    name = ParameterId(news.parameter).name.lower()
    values: dict[str, Any] = {"parameter": name, "value": news.value}
    if isinstance(news, ParameterScheduled):
        values["seconds"] = round(_seconds_until(news.moment), 3)
    return values


def links_lines(mle: dict[str, Any]) -> list[str]:
    """Return a line for each neighbour of a state, see Mle.state()."""
    return ["--- links ---", *map(_link, mle["links"])]


def _link(link: dict[str, Any]) -> str:
    who = link["extended_address"]
    if link["short_address"] is not None:
        who = f"{who} ({link['short_address']})"
    etx = link["expected_transmissions"]
    parts = [
        link["state"],
        f"quality {link['quality_in']} in, {link['quality_out']} out",
        *([] if etx is None else [f"ETX {etx:.2f}"]),
        f"heard {link['silent_for']:.0f} s ago",
        *(["sleeps"] if link["sleeps"] else []),
    ]
    return f"{who}: {', '.join(parts)}"


def _shown(parameter: int, value: Value) -> str:
    if isinstance(value, bytes):
        return value.hex() or "empty"
    return f"0x{value:04x}" if parameter == ParameterId.PAN_ID else str(value)


def _seconds_until(moment: int) -> float:
    """Return how far off `moment` is, microseconds of the clock of event loops."""
    return max(moment / 1_000_000 - time.monotonic(), 0)
