"""What a node with MLE knows, in values that JSON has: links, network parameters, keys."""

from typing import Any

from lowpan.mesh.key_sequence import KeySequence
from lowpan.mesh.link_establishment import LinkEstablishment
from lowpan.mesh.link_report import LinkReport, reports_of
from lowpan.mesh.network_parameters import NetworkParameters
from lowpan.mesh.parameter_schedule import ParameterId, Value
from lowpan.node.state import shown_link_address


def mesh_state(engine: LinkEstablishment, keys: KeySequence | None, *, now: int) -> dict[str, Any]:
    """Return links, parameters and the key sequence; `now` is microseconds, as the engine has it.

    Without `keys` there is no sequence of them.
    """
    agreed = {} if engine.parameters is None else parameters_of(engine.parameters)
    return {
        "links": [_link(report) for report in reports_of(engine, now=now)],
        "parameters": {
            name: value.hex() if isinstance(value, bytes) else value
            for name, value in agreed.items()
        },
        "key_sequence": None if keys is None else keys.current,
    }


def parameters_of(parameters: NetworkParameters) -> dict[str, Value]:
    """Return what the network has agreed on, by name."""
    current = parameters.schedule.current
    return {ParameterId(number).name.lower(): value for number, value in current.items()}


def _link(report: LinkReport) -> dict[str, Any]:
    etx = report.expected_transmissions
    return {
        "extended_address": shown_link_address(report.extended_address),
        "short_address": shown_link_address(report.short_address),
        "state": report.state.name.lower(),
        "quality_in": report.quality_in,
        "quality_out": report.quality_out,
        "expected_transmissions": None if etx is None else round(etx, 3),
        "silent_for": round(report.silent_for / 1_000_000, 3),
        "sleeps": report.sleeps,
        "pinned": report.pinned,
    }
