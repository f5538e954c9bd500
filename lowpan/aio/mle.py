"""What a node with MLE can be asked besides: its links, network parameters, and keys."""

from typing import Any

from lowpan.aio.mle_options import MleParts
from lowpan.aio.running import Running
from lowpan.errors import FieldOutOfRange
from lowpan.mesh.link_establishment import LinkEstablishment
from lowpan.mesh.link_report import LinkReport, reports_of
from lowpan.mesh.parameter_schedule import ParameterId, Value
from lowpan.node.mesh_state import mesh_state, parameters_of
from lowpan.node.state import counted

_LONGEST_DELAY_S = 0xFFFFFFFF / 1000


class Mle:
    """Link establishment on a running node: `node.mle`."""

    def __init__(self, running: Running, parts: MleParts) -> None:
        self._running, self._parts = running, parts

    @property
    def engine(self) -> LinkEstablishment:
        """Return the engine inside, to look at."""
        return self._parts.engine

    @property
    def links(self) -> list[LinkReport]:
        """Return the neighbours that have proven to be there, and what their links are worth."""
        return list(reports_of(self.engine, now=self._running.now()))

    @property
    def key_sequence(self) -> int | None:
        """Return which keys of the network key are in use; None for keys that stay."""
        return None if self._parts.keys is None else self._parts.keys.current

    @property
    def parameters(self) -> dict[str, Value]:
        """Return what the network has agreed on, as far as we know: `channel`, `pan_id` ..."""
        return parameters_of(self._parts.parameters)

    def change_parameter(
        self, parameter: ParameterId | str, value: Value, *, delay: float = 60.0
    ) -> None:
        """Let the whole network have another `channel`, `pan_id` ... `delay` seconds from now.

        All must hear of it in that time, sleepers too.  Raises FieldOutOfRange for what cannot be,
        StoreError if a crash would forget it, and what has ended the node.
        """
        running = self._running
        running.check()
        if not 0 < delay <= _LONGEST_DELAY_S:
            raise FieldOutOfRange(f"a delay of {delay:g} s is none of 1 µs to 49 days")
        now = running.now()
        changed = self._parts.parameters.change(
            parameter_named(parameter), value, delay=round(delay * 1_000_000), now=now
        )
        running.put(running.engine.carry_out(changed, now=now))

    def use_next_keys(self) -> None:
        """Seal with the keys of the next key sequence from now on; the others follow.

        They follow at once unless they went on less than the guard time ago: then each does when
        its links are established anew.  FieldOutOfRange: there is no network key.
        """
        running, keys = self._running, self._parts.keys
        running.check()
        if keys is None:
            raise FieldOutOfRange("these keys have no sequence: only those of a network key do")
        now = running.now()
        running.put(running.engine.carry_out([*keys.go_on(now=now)], now=now))

    def state(self) -> dict[str, Any]:
        """Return links, parameters and keys in values that JSON has."""
        return mesh_state(self.engine, self._parts.keys, now=self._running.now())

    def counters(self) -> dict[str, int]:
        """Return how many messages were refused, by reason."""
        return counted(self.engine.refusals)


def parameter_named(parameter: ParameterId | str) -> ParameterId:
    """Return the parameter of that name; raise FieldOutOfRange."""
    if isinstance(parameter, ParameterId):
        return parameter
    try:
        return ParameterId[parameter.upper()]
    except KeyError:
        names = ", ".join(each.name.lower() for each in ParameterId)
        raise FieldOutOfRange(f"{parameter!r} is no network parameter: {names}") from None
