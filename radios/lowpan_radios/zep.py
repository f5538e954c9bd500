"""`zep:`: radios, captures and simulations that speak ZEP over UDP, one peer, both ways."""

import asyncio
import socket
from secrets import token_bytes
from time import time_ns
from urllib.parse import urlsplit

from lowpan.errors import MalformedFrame, RadioError
from lowpan.radio import (
    Fcs,
    Happening,
    RadioCapability,
    RadioSettings,
    RadioUri,
    ReceivedFrame,
)
from lowpan.wire.fcs import append_fcs16, has_good_fcs16
from lowpan_radios.clock import RadioClock
from lowpan_radios.datagrams import Address, DatagramReader, bound_socket, send_datagram
from lowpan_radios.software_radio import SOFTWARE_PARAMETERS, SoftwareRadio
from lowpan_radios.zep_format import (
    TRAILER_CC24XX,
    TRAILER_FCS,
    ZEP_PORT,
    ZEP_V1,
    ZEP_V2,
    ZepV1,
    ZepV2,
    ZepV2Ack,
    decode_zep,
    microseconds_from_ntp,
    ntp_from_unix,
)

PARAMETERS = ("bind", "channel", "version", "device", "rssi_offset", "all_channels")

CHANNELS = tuple(range(27))
"""Of page 0: 868, 915 and 2450 MHz; a peer hears us on those that it listens on."""

_BEST_LQI = 255


async def open_zep(uri: RadioUri) -> "ZepRadio":
    """Open `zep://HOST:PORT?bind=ADDRESS:PORT&channel=26`; raise RadioError."""
    uri.only(*PARAMETERS, *SOFTWARE_PARAMETERS)
    radio = ZepRadio(uri)
    await radio.start()
    return radio


class ZepRadio(SoftwareRadio):
    """The air as a ZEP peer tells it; we are on it by sending datagrams to that peer.

    The peer is HOST:PORT of the URI.  Without a port, it is the one that the first datagram from
    HOST comes from, until then ZEP's own; without a host, whoever sends the first datagram.
    """

    def __init__(self, uri: RadioUri) -> None:
        super().__init__(
            uri,
            "ZEP over UDP",
            RadioCapability.LQI | RadioCapability.TIMESTAMPS,
            settings=RadioSettings(channel=uri.integer("channel", 11, low=0, high=26)),
            extended_address=b"\x02" + token_bytes(7),  # locally administered
        )
        self.channels = CHANNELS
        self._every_channel = uri.flag("all_channels", default=False)
        self._version = uri.integer("version", 2, low=1, high=2)
        self._device_id = uri.integer("device", 1, low=0, high=0xFFFF)
        self._rssi_offset: int | None = None
        if "rssi_offset" in uri.parameters:
            self._rssi_offset = uri.integer("rssi_offset", 0, low=-128, high=127)
        self._host, self._port = host_and_port(uri, uri.target)
        self._bind = host_and_port(uri, "//" + uri.parameters.get("bind", ""))
        self._clock = RadioClock(bits=64)
        self._sequence = 0
        self._peer: Address | None = None
        self._learning = self._port is None
        self._socket: socket.socket | None = None
        self._reader: DatagramReader | None = None

    async def start(self) -> None:
        """Find the peer's address and bind our own; raise RadioError."""
        family: int = socket.AF_UNSPEC
        if self._host is not None:
            family, self._peer = await resolve(self.uri, self._host, self._port or ZEP_PORT)
        bind_host, bind_port = self._bind
        if bind_port is None:
            bind_port = ZEP_PORT
        if bind_host is not None:
            family, own = await resolve(self.uri, bind_host, bind_port, family)
        elif family == socket.AF_INET6:
            own = ("::", bind_port)
        else:
            family, own = socket.AF_INET, ("0.0.0.0", bind_port)
        self._socket = bound_socket(family, own, self.uri)
        self._reader = DatagramReader(self._socket, self.uri, self.take_datagram, self._failed)
        self.description = f"ZEP over UDP, {_shown(self._socket.getsockname())}"

    async def _apply(self, settings: RadioSettings) -> RadioSettings:
        if settings.page != 0:
            raise RadioError(f"{self.uri}: has no channel page {settings.page}", "it has page 0")
        return await super()._apply(settings)

    async def _close(self) -> None:
        if self._reader is not None:
            self._reader.close()

    def _failed(self, why: str) -> None:
        self._notice(Happening.SAID, why)

    # Receiving

    def take_datagram(self, datagram: bytes, source: Address, arrived_ns: int) -> None:
        """Take a datagram from `source` that arrived at `arrived_ns`, since 1970."""
        statistics = self.statistics
        statistics.octets += len(datagram)
        if self._reader is not None and self._reader.dropped is not None:
            statistics.dropped_by_radio = self._reader.dropped
        if self._host is not None and self._peer is not None and source[0] != self._peer[0]:
            statistics.garbage += len(datagram)  # a stranger's
            return
        try:
            header, trailed = decode_zep(datagram)
        except MalformedFrame:
            statistics.damaged += 1
            return
        if self._learning:
            self._peer, self._learning = source, False
        if not isinstance(header, ZepV2Ack):
            self._heard(self._received(header, trailed, arrived_ns), arrived_ns)

    def _received(self, header: ZepV1 | ZepV2, trailed: bytes, arrived_ns: int) -> ReceivedFrame:
        """Return the frame in front of its trailer, with all that the peer says of it."""
        psdu, trailer = trailed[:-2], trailed[-2:]
        frame = ReceivedFrame(psdu, Fcs.ABSENT, time_ns=arrived_ns, page=0)
        frame.channel, frame.lqi = header.channel, header.lqi
        if header.mode == TRAILER_FCS:
            frame.fcs = Fcs.GOOD if has_good_fcs16(trailed) else Fcs.BAD
            frame.fcs_octets = trailer
        elif header.mode == TRAILER_CC24XX:
            frame.fcs = Fcs.GOOD if trailer[1] & 0x80 else Fcs.BAD
            if self._rssi_offset is not None:
                frame.rssi = (trailer[0] ^ 0x80) - 0x80 + self._rssi_offset
        if header.mode == TRAILER_FCS and not header.lqi:
            frame.lqi = None  # Wireshark reads none here; who fills it in has more than 0
        if isinstance(header, ZepV2) and header.timestamp:
            ticks = microseconds_from_ntp(header.timestamp)
            frame.radio_time_us = self._clock.unwrapped(ticks)
            frame.time_ns = self._clock.time_ns(frame.radio_time_us, arrived_ns)
        return frame

    # Sending

    def _send(self, psdu: bytes, channel: int) -> None:
        if self._socket is None:
            raise RadioError(f"{self.uri}: not open", "call start()")
        if self._peer is None:
            raise RadioError(f"{self.uri}: no peer yet", "name it, or wait for its first datagram")
        send_datagram(self._socket, self._encoded(psdu, channel), self._peer, self.uri)

    def _encoded(self, psdu: bytes, channel: int) -> bytes:
        frame = append_fcs16(psdu)
        device, mode, length = self._device_id, TRAILER_FCS, len(frame)
        if self._version == 1:
            return ZEP_V1.encode(ZepV1(channel, device, mode, _BEST_LQI, length)) + frame
        self._sequence = self._sequence + 1 & 0xFFFF_FFFF
        timestamp = ntp_from_unix(time_ns())
        header = ZepV2(channel, device, mode, _BEST_LQI, timestamp, self._sequence, length)
        return ZEP_V2.encode(header) + frame


def host_and_port(uri: RadioUri, text: str) -> tuple[str | None, int | None]:
    """Return the parts of `//HOST:PORT`, each None if it is left out; raise RadioError."""
    try:
        parts = urlsplit(text if text.startswith("//") else "//" + text)
        host, port = parts.hostname, parts.port
    except ValueError:
        port, host, parts = None, None, None
    if parts is None or parts.path not in ("", "/") or parts.username is not None:
        raise RadioError(f"{uri.text}: no address in {text}", "write HOST:PORT, or [IPV6]:PORT")
    return host or None, port


async def resolve(
    uri: str, host: str, port: int, family: int = socket.AF_UNSPEC
) -> tuple[int, Address]:
    """Return family and address of `host`; raise RadioError."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_DGRAM)
    except OSError as error:
        cause = f"{uri}: no address of {host}: {error.strerror or error}"
        raise RadioError(cause, "write an address that this machine can reach") from error
    return found[0][0], found[0][4]


def _shown(address: Address) -> str:
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    return f"{host}:{address[1]}"
