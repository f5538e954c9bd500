"""One line of text about a frame: who speaks to whom, in which protocol, and what is said."""

from collections.abc import Iterator

from lowpan.capture.datagram import Datagram
from lowpan.capture.decoded import DecodedFrame, Outcome, Protection
from lowpan.capture.formats import colons, printable
from lowpan.capture.names import (
    ASSOCIATION_STATUS,
    DISASSOCIATION_REASONS,
    FRAME_TYPES,
    MAC_COMMANDS,
    PROTOCOLS,
    name_of,
)
from lowpan.capture.summary_icmpv6 import icmpv6_says
from lowpan.capture.summary_mle import mle_says
from lowpan.radio import Fcs
from lowpan.wire.addresses import format_ipv6
from lowpan.wire.header_ies import Csl, VendorSpecific
from lowpan.wire.ieee802154 import Frame
from lowpan.wire.lowpan_headers import DISPATCH
from lowpan.wire.mac_command import (
    AssociationResponse,
    Command,
    CoordinatorRealignment,
    DisassociationNotification,
)
from lowpan.wire.multipurpose import Multipurpose

MAC, LOWPAN = "802.15.4", "6LoWPAN"
BROADCAST = b"\xff\xff"
UNKNOWN = "-"


def mac_text(address: bytes | None) -> str:
    """Return a MAC address as people write it: 0xd800, or eight octets with colons."""
    if address is None:
        return UNKNOWN
    return f"0x{address.hex()}" if len(address) == 2 else colons(address)


def ends_of(decoded: DecodedFrame) -> tuple[str, str]:
    """Return who speaks to whom: IPv6 addresses where a datagram is there, else MAC addresses."""
    datagram, frame = decoded.datagram, decoded.frame
    if datagram is not None:
        while datagram.inner is not None:
            datagram = datagram.inner
        return format_ipv6(datagram.source), format_ipv6(datagram.destination)
    if decoded.mesh is not None:
        return mac_text(decoded.mesh.originator), mac_text(decoded.mesh.final_destination)
    if isinstance(frame, Frame | Multipurpose):
        return mac_text(frame.source or decoded.acker), mac_text(frame.destination)
    return UNKNOWN, UNKNOWN


def protocol_of(decoded: DecodedFrame) -> str:
    """Return the innermost protocol that the frame was decoded to."""
    datagram = decoded.datagram
    if decoded.mle is not None:
        return "MLE"
    if datagram is not None:
        while datagram.inner is not None:
            datagram = datagram.inner
        if datagram.udp is not None:
            return "UDP"
        return "ICMPv6" if datagram.icmpv6 is not None else _upper(datagram)
    if decoded.fragment or decoded.compressed or decoded.mesh or decoded.dispatch is not None:
        return LOWPAN
    return MAC


def says(decoded: DecodedFrame) -> str:
    """Return what the frame says, and what is wrong with it, in one line without odd characters."""
    return printable("; ".join(part for part in _parts(decoded) if part))


def is_faulty(decoded: DecodedFrame) -> bool:
    """Tell whether a reader should be warned of this frame."""
    return (
        bool(decoded.faults)
        or decoded.received.fcs is Fcs.BAD
        or any(found.outcome is Outcome.MIC_BAD for found in _protections(decoded))
    )


def _parts(decoded: DecodedFrame) -> Iterator[str]:
    if decoded.received.fcs is Fcs.BAD:
        yield f"wrong FCS, {len(decoded.received.psdu)} octets"
    yield _content(decoded)
    for protection in _protections(decoded):
        if protection.outcome is not Outcome.DECRYPTED:
            yield _closed(protection)
        elif protection.well_known:
            yield "under the well-known key"
    yield from (f"malformed: {fault}" for fault in decoded.faults)
    yield from _circumstances(decoded)
    yield from decoded.notes


def _protections(decoded: DecodedFrame) -> Iterator[Protection]:
    if decoded.protection is not None:
        yield decoded.protection
    if decoded.mle is not None and decoded.mle.protection is not None:
        yield decoded.mle.protection


def _closed(protection: Protection) -> str:
    outcome, reason = protection.outcome.value, protection.reason
    return reason if reason.startswith(outcome) else f"{outcome}: {reason}" if reason else outcome


def _circumstances(decoded: DecodedFrame) -> Iterator[str]:
    """Yield what the frames around this one tell of it."""
    parts = decoded.reassembled_from
    if parts:
        yield f"reassembled from {len(parts)} fragments since frame {parts[0]}"
    if decoded.duplicate_of is not None:
        yield f"repeats frame {decoded.duplicate_of}"
    if decoded.mesh is not None:
        hops = decoded.mesh.hops_left
        frame = decoded.frame
        if isinstance(frame, Frame | Multipurpose):
            yield f"hop {mac_text(frame.source)} > {mac_text(frame.destination)}, {hops} left"
    if decoded.datagram is not None and decoded.datagram.unknown_contexts:
        numbers = ", ".join(map(str, decoded.datagram.unknown_contexts))
        yield f"context {numbers} unknown"


def _content(decoded: DecodedFrame) -> str:
    """Return what the innermost layer says."""
    if decoded.mle is not None:
        return mle_says(decoded.mle)
    datagram = decoded.datagram
    if datagram is not None:
        return _datagram_says(datagram)
    fragment = decoded.fragment
    if fragment is not None:
        size, tag = fragment.datagram_size, fragment.datagram_tag
        return f"fragment of datagram {tag:#06x} from octet {fragment.offset} of {size}"
    if decoded.dispatch is not None:
        return f"{DISPATCH[decoded.dispatch].value} (dispatch {decoded.dispatch:#04x})"
    return _mac_says(decoded)


def _datagram_says(datagram: Datagram) -> str:
    """Return what the innermost datagram says."""
    tunnel = ""
    while datagram.inner is not None:
        ends = f"{format_ipv6(datagram.source)} > {format_ipv6(datagram.destination)}"
        tunnel += f", in a tunnel {ends}"
        datagram = datagram.inner
    if datagram.udp is not None:
        udp = datagram.udp
        said = f"{udp.source_port} > {udp.destination_port}, {len(datagram.payload)} octets"
    elif datagram.icmpv6 is not None:
        said = icmpv6_says(datagram.icmpv6)
    else:
        said = f"{_upper(datagram)}, {len(datagram.payload)} octets"
    return said + tunnel


def _upper(datagram: Datagram) -> str:
    return name_of(PROTOCOLS, datagram.upper_protocol, "IPv6 protocol")


def _mac_says(decoded: DecodedFrame) -> str:
    frame = decoded.frame
    if frame is None:
        return ""
    said = name_of(FRAME_TYPES, frame.control.frame_type, "frame type")
    if not isinstance(frame, Frame | Multipurpose):
        return f"{said}, {len(frame.payload)} octets"
    if decoded.command is not None:
        said = _command_says(decoded.command)
    elif decoded.beacon is not None or decoded.thread_beacon is not None:
        said += _beacon_says(decoded)
    elif isinstance(frame, Frame) and frame.control.frame_type == 2:
        said = _acknowledgment_says(decoded, frame)
    elif frame.payload:
        said += f", {len(frame.payload)} octets"
    return said + "".join(_elements_say(frame))


def _acknowledgment_says(decoded: DecodedFrame, frame: Frame) -> str:
    said = "Enhanced ack" if frame.control.frame_version == 2 else "Ack"
    if decoded.acknowledges is not None:
        said += f" of frame {decoded.acknowledges}"
    elif frame.sequence_number is not None:
        said += f" of sequence number {frame.sequence_number}"
    return said + (", frame pending" if frame.control.frame_pending else "")


def _elements_say(frame: Frame | Multipurpose) -> Iterator[str]:
    for ie in frame.header_ies:
        if isinstance(ie.content, Csl):
            yield f", CSL period {ie.content.csl_period} phase {ie.content.csl_phase}"
        elif isinstance(ie.content, VendorSpecific):
            content = ie.content.vendor_information.hex()
            yield f", vendor {ie.content.vendor_oui.hex()} {content}"


def _command_says(command: Command) -> str:
    said = name_of(MAC_COMMANDS, command.command_id, "Command")
    content = command.content
    if isinstance(content, AssociationResponse):
        status = name_of(ASSOCIATION_STATUS, content.association_status, "status")
        return f"{said}, {status}, address {mac_text(content.short_address)}"
    if isinstance(content, DisassociationNotification):
        reason = name_of(DISASSOCIATION_REASONS, content.disassociation_reason, "reason")
        return f"{said}, {reason}"
    if isinstance(content, CoordinatorRealignment):
        return f"{said}, PAN {content.pan_id:#06x}, channel {content.channel_number}"
    return said


def _beacon_says(decoded: DecodedFrame) -> str:
    said = ""
    beacon, thread = decoded.beacon, decoded.thread_beacon
    if beacon is not None:
        superframe = beacon.superframe_specification
        said += ", PAN coordinator" if superframe.pan_coordinator else ""
        said += ", association permitted" if superframe.association_permit else ""
    if thread is not None:
        name = thread.network_name.rstrip(b"\0").decode("utf-8", "replace")
        said += f", Thread network {name!r} {thread.extended_pan_id.hex()}"
        said += ", joining permitted" if thread.control.joining_permitted else ""
    return said
