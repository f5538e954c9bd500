"""What a host tells a radio co-processor to send, and what the radio says became of it."""

from dataclasses import dataclass

from construct import Int8sb, Int8ub, Int32ul, Struct

from lowpan.errors import MalformedFrame
from lowpan.schema import Layout
from lowpan_radios.spinel import decode_pui
from lowpan_radios.spinel_names import Status
from lowpan_radios.spinel_raw import ReceivedMetadata, decode_received

POWER_UNSPECIFIED = 127


@dataclass(slots=True)
class TransmitMetadata:
    """How a frame is to go out: what follows the PSDU in STREAM_RAW.

    Flags are 0 or 1, as Spinel writes them.
    """

    channel: int
    max_csma_backoffs: int = 4
    max_frame_retries: int = 3
    csma: int = 1
    header_updated: int = 0
    is_retransmission: int = 0
    security_processed: int = 1
    """1: send it as it is; 0: secure it by the keys that the radio was given."""
    tx_delay: int = 0
    """Microseconds after `tx_delay_base`."""
    tx_delay_base: int = 0
    """The low 32 bit of a moment on the radio's clock."""
    rx_channel_after_tx: int = 0
    tx_power: int = POWER_UNSPECIFIED
    """dBm; 127: as the radio has it."""


TRANSMIT_METADATA = Layout(
    TransmitMetadata,
    Struct(
        "channel" / Int8ub,
        "max_csma_backoffs" / Int8ub,
        "max_frame_retries" / Int8ub,
        "csma" / Int8ub,
        "header_updated" / Int8ub,
        "is_retransmission" / Int8ub,
        "security_processed" / Int8ub,
        "tx_delay" / Int32ul,
        "tx_delay_base" / Int32ul,
        "rx_channel_after_tx" / Int8ub,
        "tx_power" / Int8sb,
    ),
)


@dataclass(slots=True)
class TransmitResult:
    """What became of a frame."""

    status: int
    """See Status."""
    frame_pending: bool = False
    """The acknowledgement said that more waits for us."""
    header_updated: bool = False
    """The radio has written frame counter and key index into the header."""
    ack: tuple[bytes, ReceivedMetadata] | None = None
    """PSDU of the acknowledgement, FCS included, and how it came in."""
    key_index: int | None = None
    frame_counter: int | None = None
    """The counter that the frame went out with."""


@dataclass(slots=True)
class SentSecurity:
    """What the radio has put into the header of a frame that it secured."""

    key_index: int
    frame_counter: int
    """0..0xFFFFFFFF."""


SENT_SECURITY = Layout(SentSecurity, Struct("key_index" / Int8ub, "frame_counter" / Int32ul))
_SENT_SECURITY_OCTETS = 5


def decode_result(octets: bytes, *, secured: bool) -> TransmitResult:
    """Return what a LAST_STATUS says of a frame; raise MalformedFrame.

    `secured`: the radio was asked to secure it, so its frame counter comes last.
    """
    status, at = decode_pui(octets)
    flags, rest = octets[at : at + 2], octets[at + 2 :]
    result = TransmitResult(status, flags[:1] == b"\1", flags[1:] == b"\1")
    if secured and result.header_updated and len(rest) >= _SENT_SECURITY_OCTETS:
        sent = SENT_SECURITY.decode(rest[-_SENT_SECURITY_OCTETS:])
        result.key_index, result.frame_counter = sent.key_index, sent.frame_counter
        rest = rest[:-_SENT_SECURITY_OCTETS]
    if status == Status.OK and len(rest) >= 2:
        try:
            psdu, metadata = decode_received(rest)
        except MalformedFrame:  # it was sent all the same; only its acknowledgement is lost
            return result
        result.ack = (psdu, metadata) if psdu else None
    return result
