"""`openthread-air:`: the simulated radio of OpenThread's own simulation, beside its nodes.

A frame on air is a UDP datagram to a multicast group on the loopback interface: an octet that is
the channel, then the PSDU with its FCS.  The source port is who sent it.
"""

import socket

from lowpan.errors import RadioError
from lowpan.radio import (
    Fcs,
    Happening,
    RadioCapability,
    RadioSettings,
    RadioUri,
    ReceivedFrame,
)
from lowpan.wire.fcs import append_fcs16, has_good_fcs16
from lowpan_radios.datagrams import Address, DatagramReader, bound_socket, send_datagram
from lowpan_radios.software_radio import SOFTWARE_PARAMETERS, SoftwareRadio

GROUP = "224.0.0.116"
LOOPBACK = "127.0.0.1"

FIRST_PORT, PORTS_A_NETWORK = 9000, 34
"""Network n has the ports from 9000 + 34 n: the group's, then those of nodes 1 to 33."""

LAST_OFFSET = (0xFFFF - FIRST_PORT) // PORTS_A_NETWORK - 1

_FCS_OCTETS = 2


async def open_openthread_air(uri: RadioUri) -> "OpenThreadAir":
    """Open `openthread-air://?port_offset=N&node=ID`; raise RadioError."""
    uri.only("port_offset", "node", "all_channels", *SOFTWARE_PARAMETERS)
    if uri.target.strip("/"):
        cure = "write openthread-air://?port_offset=0&node=33"
        raise RadioError(f"{uri.text}: it is on this machine only", cure)
    radio = OpenThreadAir(uri)
    radio.start()
    return radio


class OpenThreadAir(SoftwareRadio):
    """A radio among those of OpenThread's simulation on this machine.

    `port_offset` is what OpenThread's PORT_OFFSET is, 0..1661; `node` 1..33 must not be that of
    another node.
    """

    def __init__(self, uri: RadioUri) -> None:
        offset = uri.integer("port_offset", 0, low=0, high=LAST_OFFSET)
        self.node = uri.integer("node", 33, low=1, high=PORTS_A_NETWORK - 1)
        self._group_port = FIRST_PORT + PORTS_A_NETWORK * offset
        self._port = self._group_port + self.node
        super().__init__(
            uri,
            f"simulated radio of OpenThread, network {offset}, node {self.node}",
            RadioCapability.TRANSMIT,
            extended_address=b"\x02" + self._port.to_bytes(7, "big"),  # locally administered
        )
        self._every_channel = uri.flag("all_channels", default=False)
        self._sender: socket.socket | None = None
        self._reader: DatagramReader | None = None

    def start(self) -> None:
        """Join the air; raise RadioError."""
        loopback = socket.inet_aton(LOOPBACK)
        multicast = (
            (socket.IPPROTO_IP, socket.IP_MULTICAST_IF, loopback),
            (socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1),
            (socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1),
        )
        shared = [
            (socket.SOL_SOCKET, getattr(socket, name), 1)
            for name in ("SO_REUSEADDR", "SO_REUSEPORT")
            if hasattr(socket, name)
        ]
        member = (socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + loopback)
        self._sender = bound_socket(socket.AF_INET, (LOOPBACK, self._port), self.uri, multicast)
        try:
            self._sender.setblocking(False)
            group = (GROUP, self._group_port)
            heard = bound_socket(socket.AF_INET, group, self.uri, [*shared, member])
            self._reader = DatagramReader(heard, self.uri, self.take_datagram, self._failed)
        except BaseException:
            self._sender.close()
            raise

    async def _apply(self, settings: RadioSettings) -> RadioSettings:
        if settings.page != 0:
            raise RadioError(f"{self.uri}: has no channel page {settings.page}", "it has page 0")
        return await super()._apply(settings)

    async def _close(self) -> None:
        if self._reader is not None:
            self._reader.close()
        if self._sender is not None:
            self._sender.close()

    def _failed(self, why: str) -> None:
        self._notice(Happening.SAID, why)

    def take_datagram(self, datagram: bytes, source: Address, arrived_ns: int) -> None:
        """Take a datagram from `source` that arrived at `arrived_ns`, since 1970."""
        if source[1] == self._port:
            return  # our own comes back
        statistics = self.statistics
        statistics.octets += len(datagram)
        if self._reader is not None and self._reader.dropped is not None:
            statistics.dropped_by_radio = self._reader.dropped
        if len(datagram) <= _FCS_OCTETS:
            statistics.damaged += 1
            return
        octets = datagram[1:]
        frame = ReceivedFrame(
            octets[:-_FCS_OCTETS],
            Fcs.GOOD if has_good_fcs16(octets) else Fcs.BAD,
            octets[-_FCS_OCTETS:],
            arrived_ns,
            datagram[0],
            0,
        )
        self._heard(frame, arrived_ns)

    def _send(self, psdu: bytes, channel: int) -> None:
        if self._sender is None:
            raise RadioError(f"{self.uri}: not open", "call start()")
        datagram = bytes((channel,)) + append_fcs16(psdu)
        send_datagram(self._sender, datagram, (GROUP, self._group_port), self.uri)
