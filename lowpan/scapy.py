"""Datagrams as scapy's packets, packets as 6LoWPAN payloads, and radios as scapy's sockets.

The only module that imports scapy, which takes half a second and has another licence (GPL-2.0):
`import lowpan.scapy` is how to ask for it.
"""

import time
from collections.abc import Mapping
from typing import Any

from scapy.config import conf
from scapy.data import MTU
from scapy.layers.dot15d4 import Dot15d4, Dot15d4FCS
from scapy.layers.inet6 import IPv6
from scapy.packet import Packet
from scapy.supersocket import SuperSocket

from lowpan.adaptation.compress import compress
from lowpan.capture.datagram import Datagram
from lowpan.errors import FieldOutOfRange, MalformedFrame, RadioClosed
from lowpan.radio import (
    Fcs,
    RadioSettings,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    TransmitStatus,
)
from lowpan.radio.threaded import ThreadedRadio
from lowpan.wire.addresses import Context, Surroundings, iid_of
from lowpan.wire.fcs import append_fcs16


def to_scapy(datagram: Datagram) -> IPv6:
    """Return `datagram` as scapy dissects it: same octets, lengths and checksums as they came."""
    # scapy's metaclass declares that it may make any other Packet
    return IPv6(datagram.encode())  # pyright: ignore[reportReturnType]


def from_scapy(
    packet: Packet,
    *,
    source: bytes = b"",
    destination: bytes = b"",
    contexts: Mapping[int, Context] | None = None,
) -> bytes:
    """Return the 6LoWPAN payload of a frame that carries `packet`, an IPv6 packet.

    Scapy fills in the lengths and checksums that `packet` leaves open; headers are compressed as
    far as they go.  `source` and `destination` are the link-layer addresses of the frame (2 or 8
    octets, none if it has none or is for all), `contexts` those that both ends share.  Raises
    FieldOutOfRange if this is no IPv6 packet, or an address has another length.
    """
    octets = bytes(packet)
    surroundings = Surroundings(iid_of(source), iid_of(destination), contexts or {})
    try:
        return compress(octets, surroundings)
    except MalformedFrame as error:
        raise FieldOutOfRange(f"{packet.name} is no IPv6 packet to compress: {error}") from error


class RadioEnded(RadioClosed, EOFError):
    """No more frames; scapy's sniff() takes it for the end of its socket, and returns."""


class RadioSocket(SuperSocket):
    """A radio as scapy's socket: for sniff(opened_socket=...), sr1(), sendp(socket=...) and more.

    Frames come as Dot15d4, those with a bad FCS left out; or `with_fcs` as Dot15d4FCS, as far as
    their FCS is known.  Each packet has its `received`, the ReceivedFrame with channel, RSSI and
    the rest.  An acknowledgement that the radio itself awaits comes as a frame, too.  Raises
    RadioError if the radio cannot be opened, or what it raises.  Close it, or use `with`.
    """

    desc = "an IEEE 802.15.4 radio, by lowpan"

    def __init__(
        self,
        uri: str,
        settings: RadioSettings | None = None,
        *,
        with_fcs: bool = False,
        parameters: TransmitParameters = TransmitParameters(),  # noqa: B008  (frozen)
    ) -> None:
        self.closed = True  # until it is open: scapy closes what is forgotten
        self.threaded = ThreadedRadio(uri, settings)
        self.closed = False
        self.with_fcs = with_fcs
        self.parameters = parameters
        self.outcome: TransmitOutcome | None = None
        """Of the last transmission."""
        self.iface = uri
        self.promisc = self.threaded.radio.settings.promiscuous

    def fileno(self) -> int:
        """Return a descriptor that is readable while frames wait."""
        return self.threaded.fileno()

    def configure(self, settings: RadioSettings) -> None:
        """Tune the radio; see Radio."""
        self.threaded.configure(settings)

    def send(self, x: Packet | bytes) -> int:
        """Send a frame, wait for its `outcome`, and return the octets that were on air.

        `x` is a Dot15d4 packet or a PSDU without FCS; an FCS at the end of a Dot15d4FCS is left to
        the radio.  Nothing was on air if the channel was busy or the radio gave up: 0.
        """
        psdu = bytes(x)
        if isinstance(x, Dot15d4FCS):
            psdu = psdu[:-2]
        if isinstance(x, Packet):
            x.sent_time = time.time()
        self.outcome = outcome = self.threaded.transmit(psdu, self.parameters)
        if outcome.ack is not None:
            self.threaded.offer(outcome.ack)
        sent = outcome.status in (TransmitStatus.SUCCESS, TransmitStatus.NO_ACK)
        return len(psdu) if sent else 0

    def recv(self, x: int = MTU, **kwargs: Any) -> Packet | None:
        """Return the next frame; wait for it.  None for one that cannot be shown.

        Raises RadioEnded once the radio is closed or a replay is at its end, or what ended it.
        """
        try:
            event = self.threaded.next_event()
        except RadioClosed as error:
            raise RadioEnded(str(error), error.cure) from error
        return self._packet(event, kwargs) if isinstance(event, ReceivedFrame) else None

    def close(self) -> None:
        """Close the radio and end its thread; harmless if it is closed."""
        if not self.closed:
            self.closed = True
            self.threaded.close()

    def _packet(self, frame: ReceivedFrame, options: dict[str, Any]) -> Packet | None:
        kind, octets = self._shown(frame)
        if not octets:
            return None
        try:
            packet = kind(octets, **options)
        except Exception:  # scapy's dissectors raise anything on octets from outside
            packet = conf.raw_layer(octets)
        if frame.time_ns is not None:
            packet.time = frame.time_ns / 1e9
        packet.received = frame
        return packet

    def _shown(self, frame: ReceivedFrame) -> tuple[type[Packet], bytes]:
        """Return class and octets of a frame, no octets if it is to be left out."""
        if not self.with_fcs:
            return Dot15d4, b"" if frame.fcs is Fcs.BAD else frame.psdu
        if len(frame.fcs_octets) == 2:
            return Dot15d4FCS, frame.psdu + frame.fcs_octets
        known = frame.fcs is Fcs.GOOD or frame.fcs is Fcs.ABSENT
        return Dot15d4FCS, append_fcs16(frame.psdu) if known else b""
