"""Fields of the MAC frame: header, security, information elements, beacons, commands."""

from collections.abc import Iterator
from typing import Any, cast

from lowpan.capture.decoded import DecodedFrame, Outcome
from lowpan.capture.field import Field
from lowpan.capture.formats import (
    DECIMAL,
    EXTENDED_ADDRESS,
    FCS_STATE,
    FLAG,
    HEX8,
    HEX16,
    HEX32,
    OCTETS,
    PRESENT,
    SHORT_ADDRESS,
    SPACED_OCTETS,
    textual,
)
from lowpan.capture.layouts import LENGTH
from lowpan.radio import Fcs
from lowpan.wire.header_ies import (
    Csl,
    ElementId,
    HeaderIe,
    RendezvousTime,
    TimeCorrection,
)
from lowpan.wire.ieee802154 import AnyFrame, Frame, FrameControl
from lowpan.wire.multipurpose import Multipurpose, MultipurposeLongControl
from lowpan.wire.payload_ies import GroupId, NestedIe, PayloadIe
from lowpan.wire.security_header import SECURITY_CONTROL, AuxiliarySecurityHeader


def frame_view(frame: AnyFrame) -> Frame:
    """Return any frame in the shape of Frame; what its kind does not have is None."""
    if isinstance(frame, Frame):
        return frame
    if not isinstance(frame, Multipurpose):
        nothing = [cast("Any", None)] * 10
        return Frame(FrameControl(frame.control.frame_type, *nothing))
    more = frame.long_control or MultipurposeLongControl()
    control = FrameControl(
        frame.control.frame_type,
        more.security_enabled,
        more.frame_pending,
        more.acknowledgment_request,
        cast("Any", None),
        cast("Any", None),
        more.sequence_number_suppression,
        more.ie_present,
        frame.control.destination_addressing_mode,
        more.frame_version,
        frame.control.source_addressing_mode,
    )
    return Frame(
        control,
        frame.sequence_number,
        frame.destination_pan_id,
        frame.destination,
        None,
        frame.source,
        frame.security,
        frame.header_ies,
        frame.payload,
        frame.mic,
    )


def _fcf(decoded: DecodedFrame) -> Iterator[int]:
    frame = decoded.frame
    if isinstance(frame, Frame):
        yield int.from_bytes(decoded.received.psdu[:2], "little")
    elif isinstance(frame, Multipurpose):
        octets = 1 if frame.long_control is None else 2
        yield int.from_bytes(decoded.received.psdu[:octets], "little")


def _fcs(octets: int) -> Any:
    def values(decoded: DecodedFrame) -> Iterator[int]:
        found = decoded.received.fcs_octets
        if len(found) == octets:
            yield int.from_bytes(found, "little")

    return values


def _fcs_bad(decoded: DecodedFrame) -> Iterator[bool]:
    yield decoded.received.fcs is Fcs.BAD


def _addresses(octets: int) -> Any:
    def values(decoded: DecodedFrame) -> Iterator[bytes]:
        frame = decoded.frame
        if isinstance(frame, Frame | Multipurpose):
            both = [frame.destination, frame.source]
            if octets == 8 and frame.source is not None and len(frame.source) == 2:
                both.append(decoded.extended_source)
            yield from (end for end in both if end is not None and len(end) == octets)

    return values


def security_headers(decoded: DecodedFrame) -> Iterator[AuxiliarySecurityHeader]:
    """Yield the MAC's security header and, as tshark does, MLE's behind it."""
    security = getattr(decoded.frame, "security", None)
    if security is not None:
        yield security
    yield from mle_security(decoded)


def mle_security(decoded: DecodedFrame) -> Iterator[AuxiliarySecurityHeader]:
    """Yield MLE's security header, if the frame has one."""
    if decoded.mle is not None and decoded.mle.envelope.security is not None:
        yield decoded.mle.envelope.security


def _security_control(decoded: DecodedFrame) -> Iterator[int]:
    for header in security_headers(decoded):
        yield SECURITY_CONTROL.encode(header.control)[0]


def _mic(decoded: DecodedFrame) -> Iterator[bytes]:
    yield getattr(decoded.frame, "mic", b"")


def _decrypt_error(decoded: DecodedFrame) -> Iterator[bool]:
    if decoded.protection is not None:
        yield decoded.protection.outcome is not Outcome.DECRYPTED


_KEY_SOURCE = textual("0x and 16 digits", lambda octets: f"0x{octets.hex():>016}")
_VENDOR = textual("decimal", lambda oui: str(int.from_bytes(oui, "big")))
_VENDOR_HEADER_IE = (HeaderIe, int(ElementId.VENDOR_SPECIFIC))
_VENDOR_PAYLOAD_IE = (PayloadIe, int(GroupId.VENDOR_SPECIFIC))


HEADER = (
    Field("wpan.fcf", HEX16, "Frame control", values=_fcf),
    Field("wpan.frame_type", HEX16, "Frame type", "frame.control.frame_type"),
    Field("wpan.security", FLAG, "Security enabled", "frame.control.security_enabled"),
    Field("wpan.pending", FLAG, "Frame pending", "frame.control.frame_pending"),
    Field(
        "wpan.ack_request", FLAG, "Acknowledgment request", "frame.control.acknowledgment_request"
    ),
    Field(
        "wpan.pan_id_compression", FLAG, "PAN ID compression", "frame.control.pan_id_compression"
    ),
    Field("wpan.fcf.reserved", FLAG, "Reserved bit", "frame.control.reserved"),
    Field(
        "wpan.seqno_suppression",
        FLAG,
        "Sequence number suppression",
        "frame.control.sequence_number_suppression",
    ),
    Field("wpan.ie_present", FLAG, "Information elements present", "frame.control.ie_present"),
    Field(
        "wpan.dst_addr_mode",
        HEX16,
        "Destination addressing mode",
        "frame.control.destination_addressing_mode",
    ),
    Field("wpan.version", DECIMAL, "Frame version", "frame.control.frame_version"),
    Field(
        "wpan.src_addr_mode",
        HEX16,
        "Source addressing mode",
        "frame.control.source_addressing_mode",
    ),
    Field("wpan.seq_no", DECIMAL, "Sequence number", "frame.sequence_number"),
    Field("wpan.dst_pan", HEX16, "Destination PAN ID", "frame.destination_pan_id"),
    Field("wpan.dst16", SHORT_ADDRESS, "Short destination address", "frame.destination"),
    Field("wpan.dst64", EXTENDED_ADDRESS, "Extended destination address", "frame.destination"),
    Field("wpan.src_pan", HEX16, "Source PAN ID", "frame.source_pan_id"),
    Field("wpan.src16", SHORT_ADDRESS, "Short source address", "frame.source"),
    Field(
        "wpan.src64",
        EXTENDED_ADDRESS,
        "Extended source address, also a learnt one",
        "frame.source",
        otherwise="extended_source",
    ),
    Field("wpan.addr16", SHORT_ADDRESS, "Short addresses", values=_addresses(2)),
    Field("wpan.addr64", EXTENDED_ADDRESS, "Extended addresses", values=_addresses(8)),
    Field("wpan.ack_to", DECIMAL, "Frame that this acknowledges", "acknowledges"),
    Field("wpan.fcs", HEX16, "FCS of 16 bits", values=_fcs(2)),
    Field("wpan.fcs32", HEX32, "FCS of 32 bits", values=_fcs(4)),
    Field("wpan.fcs_ok", FCS_STATE, "The FCS is right", "received.fcs"),
    Field("wpan.fcs.bad", PRESENT, "The FCS is wrong", values=_fcs_bad),
)

SECURITY = (
    Field("wpan.aux_sec.security_control_field", HEX8, "Control", values=_security_control),
    Field(
        "wpan.aux_sec.sec_level", HEX8, "Security level", "frame.security.control.security_level"
    ),
    Field(
        "wpan.aux_sec.key_id_mode",
        HEX8,
        "Key identifier mode",
        "frame.security.control.key_identifier_mode",
    ),
    Field(
        "wpan.aux_sec.frame_counter_suppression",
        FLAG,
        "Frame counter suppression",
        "frame.security.control.frame_counter_suppression",
    ),
    Field("wpan.aux_sec.asn_in_nonce", FLAG, "ASN in nonce", "frame.security.control.asn_in_nonce"),
    Field("wpan.aux_sec.frame_counter", DECIMAL, "Frame counter", "frame.security.frame_counter"),
    Field("wpan.aux_sec.key_source", _KEY_SOURCE, "Key source", "frame.security.key_source"),
    Field("wpan.aux_sec.key_source.bytes", OCTETS, "Key source", "frame.security.key_source"),
    Field("wpan.aux_sec.key_index", HEX8, "Key index", "frame.security.key_index"),
    Field("wpan.mic", OCTETS, "Message integrity code", values=_mic),
    Field("wpan.decrypt_error", PRESENT, "Not decrypted", values=_decrypt_error),
)

ELEMENTS = (
    Field("wpan.header_ie.id", HEX16, "Element ID", part=HeaderIe, attribute="element_id"),
    Field("wpan.header_ie.length", LENGTH, "Octets of content", part=HeaderIe, attribute="content"),
    Field("wpan.header_ie.csl.phase", DECIMAL, "CSL phase", part=Csl, attribute="csl_phase"),
    Field("wpan.header_ie.csl.period", DECIMAL, "CSL period", part=Csl, attribute="csl_period"),
    Field(
        "wpan.header_ie.csl.rendezvous_time",
        DECIMAL,
        "Rendezvous time",
        part=RendezvousTime,
        attribute="rendezvous_time",
    ),
    Field(
        "wpan.header_ie.csl.wakeup_interval",
        DECIMAL,
        "Wake-up interval",
        part=RendezvousTime,
        attribute="wake_up_interval",
    ),
    Field(
        "wpan.header_ie.time_correction.value",
        DECIMAL,
        "Time correction, µs",
        part=TimeCorrection,
        attribute="time_correction",
    ),
    Field("wpan.nack", FLAG, "Not acknowledged after all", part=TimeCorrection, attribute="nack"),
    Field(
        "wpan.header_ie.vendor_specific.vendor_oui",
        _VENDOR,
        "Vendor",
        part=_VENDOR_HEADER_IE,
        attribute="vendor_oui",
    ),
    Field(
        "wpan.header_ie.vendor_specific.content",
        SPACED_OCTETS,
        "What the vendor says",
        part=_VENDOR_HEADER_IE,
        attribute="vendor_information",
    ),
    Field("wpan.payload_ie.id", HEX16, "Group ID", part=PayloadIe, attribute="group_id"),
    Field(
        "wpan.payload_ie.length", LENGTH, "Octets of content", part=PayloadIe, attribute="content"
    ),
    Field(
        "wpan.payload_ie.vendor.oui",
        _VENDOR,
        "Vendor",
        part=_VENDOR_PAYLOAD_IE,
        attribute="vendor_oui",
    ),
    Field(
        "lowpan.payload_ie.vendor.content",
        SPACED_OCTETS,
        "What the vendor says",
        part=_VENDOR_PAYLOAD_IE,
        attribute="vendor_information",
    ),
    Field("wpan.mlme.ie.id", HEX16, "Nested IE", part=NestedIe, attribute="sub_id"),
)
