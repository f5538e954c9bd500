"""The UDP ports of a node that are open."""

from random import Random

from lowpan.errors import FieldOutOfRange
from lowpan.node.service import Endpoint

MOST_PORTS = 1024
"""UDP ports that can be open at once."""
EPHEMERAL_PORTS = range(49152, 65536)
"""Ports for who does not care which (RFC 6335 §6)."""


class Ports:
    """Ports that are open, at one of our addresses or at all; `random` finds free ones."""

    def __init__(self, random: Random | None = None) -> None:
        self._random = random
        self._open: dict[Endpoint, None] = {}
        self._kept: frozenset[int] = frozenset()

    def keep(self, ports: frozenset[int]) -> None:
        """Open `ports` at all our addresses, even if a host behind us has them too."""
        self._kept = ports
        self._open |= {Endpoint(b"", port): None for port in ports}

    def is_kept(self, port: int) -> bool:
        """Tell whether `port` is ours, although a host behind us has our addresses."""
        return port in self._kept

    def is_open(self, local: Endpoint) -> bool:
        """Tell whether somebody receives what comes for `local`."""
        return local in self._open or Endpoint(b"", local.port) in self._open

    def open(self, local: Endpoint) -> Endpoint:
        """Receive for `local`: address empty for all of ours, port 0 for a free one.

        Return what it is; raise FieldOutOfRange if the port is taken or none is free.
        """
        if len(self._open) >= MOST_PORTS:
            raise FieldOutOfRange(f"more than {MOST_PORTS} ports")
        if local.port == 0:
            taken = {endpoint.port for endpoint in self._open}
            begin = 0 if self._random is None else self._random.randrange(len(EPHEMERAL_PORTS))
            turned = (*EPHEMERAL_PORTS[begin:], *EPHEMERAL_PORTS[:begin])
            port = next((port for port in turned if port not in taken), None)
            if port is None:
                raise FieldOutOfRange("no port is free")
            local = Endpoint(local.address, port)
        if not 0 < local.port <= 0xFFFF or local in self._open:
            raise FieldOutOfRange(f"port {local.port} is taken or none")
        self._open[local] = None
        return local

    def close(self, local: Endpoint) -> None:
        """Receive for `local` no longer; harmless if it is closed."""
        self._open.pop(local, None)
