"""MalformedFrame names the format, the field and the octet."""

from random import Random
from typing import Any

import pytest

from lowpan.errors import MalformedFrame
from lowpan.schema import Layout
from lowpan.schema.compiler import Codec
from tests.schema.inputs import inputs, layouts

FAULTS = [
    # format, octets, field, octets before the fault, reason
    ("ieee802154.FRAME", "", "control", 0, "2 octets short"),
    ("ieee802154.FRAME", "41", "control", 1, "1 octet short"),
    ("ieee802154.FRAME", "4188", "sequence_number", 2, "1 octet short"),
    ("ieee802154.FRAME", "418801", "destination_pan_id", 3, "2 octets short"),
    ("ieee802154.FRAME", "4188010102", "destination", 5, "2 octets short"),
    ("ieee802154.FRAME", "41880101020304", "source", 7, "2 octets short"),
    ("ieee802154.FRAME", "0788", "", 2, "the frame type has a format of its own"),
    ("ieee802154.FRAME", "41b8", "", 2, "frame version 3 is reserved"),
    ("ieee802154.FRAME", "4184010203", "destination", 5, "addressing mode 1 is reserved"),
    ("ieee802154.FRAME", "69a88ecefa02240024", "security.control", 9, "1 octet short"),
    ("ieee802154.FRAME", "69a88ecefa022400240d020000", "security.frame_counter", 13, "1 octet"),
    ("ieee802154.FRAME", "69a88ecefa022400240d02000000", "security.key_index", 14, "1 octet short"),
    ("ieee802154.FRAME", "69a88ecefa022400240d0200000001ffff", "payload", 17, "2 octets short"),
    ("ieee802154.FRAME", "41aa01010203040506811a0102", "header_ies", 13, "1 octet short"),
    ("ieee802154.FRAME", "41aa0101020304050680810102", "header_ies", 9, "type is not 0"),
    ("beacon.BEACON", "", "superframe_specification", 0, "2 octets short"),
    ("beacon.BEACON", "0fcf", "gts_specification", 2, "1 octet short"),
    ("beacon.BEACON", "0fcf0100", "gts_list.device_short_address", 4, "2 octets short"),
    ("beacon.BEACON", "0fcf02001111113333", "gts_list.slots", 9, "1 octet short"),
    ("beacon.BEACON", "0fcf0077", "", 4, "more than 7 pending addresses"),
    ("mle.MLE_MESSAGE", "", "command", 0, "1 octet short"),
    ("mle.MLE_MESSAGE", "0901", "tlvs.first_length", 2, "1 octet short"),
    ("mle.MLE_MESSAGE", "0901010f01ff00", "tlvs.length", 7, "1 octet short"),
    ("mle.MLE_MESSAGE", "0901010f010201", "tlvs", 6, "octets announced that are not there"),
    ("mle.MLE_ENVELOPE", "07", "", 1, "unknown security suite"),
    ("mle.MLE_ENVELOPE", "0015", "security.frame_counter", 2, "4 octets short"),
    ("mle.MLE_ENVELOPE", f"0015{bytes(9).hex()}aa", "payload", 12, "3 octets short"),
    ("nhc.COMPRESSED_HEADERS", "7e", "iphc.control", 1, "1 octet short"),
    ("nhc.COMPRESSED_HEADERS", "1f33", "iphc.control", 0, "dispatch is 0, not 3"),
    ("nhc.COMPRESSED_HEADERS", "7a3a", "iphc.next_header", 2, "1 octet short"),
    ("nhc.COMPRESSED_HEADERS", "7a063a", "iphc.source", 3, "16 octets short"),
    ("nhc.COMPRESSED_HEADERS", "7e33", "next_headers", 2, "1 octet short"),
    ("nhc.COMPRESSED_HEADERS", "7e33f0", "iphc.source", 2, "no header around this one"),
    ("network_data.PREFIX", "00ff", "", 2, "an IPv6 prefix has at most 128 bits"),
    ("network_data.PREFIX", "004020", "prefix", 2, "octets announced that are not there"),
    ("header_ies.CSL", "01020304050607", "", 6, "octets left over"),
    ("header_ies.HEADER_IE", "00ff", "", 0, "type is not 0"),
    ("mesh_header.MESH_CONTROL", "40", "", 0, "dispatch is 1, not 2"),
    ("lowpan_headers.MESH_HEADER", "bf", "deep_hops_left", 1, "1 octet short"),
    ("lowpan_headers.MESH_HEADER", "81aabbccddeeff00", "originator", 8, "1 octet short"),
    ("beacon.THREAD_BEACON", "04", "protocol_id", 0, "not 3"),
    ("nd_options.LINK_LAYER_ADDRESS", "010203", "address", 3, "no link-layer address"),
    ("nd_options.ND_OPTION", "0100", "", 2, "octets announced that are not there"),
    ("route64.PARENT_PRIORITY", "", "", 0, "1 octet short"),
    ("meshcop.DELAY_TIMER", "0102030405", "", 4, "octets left over"),
]


@pytest.mark.parametrize(("name", "octets", "field", "offset", "reason"), FAULTS)
def test_fault_has_its_place(name: str, octets: str, field: str, offset: int, reason: str) -> None:
    layout = layouts()[name]
    with pytest.raises(MalformedFrame, match=reason) as caught:
        layout.decode(bytes.fromhex(octets))
    fault = caught.value
    assert (fault.format, fault.field) == (layout.value_type.__name__, field)
    assert fault.offset == offset


LOOKS_AHEAD = {("beacon.BEACON", "0fcf0100"), ("nhc.COMPRESSED_HEADERS", "7e33")}
"""Two faults in one: choosing a variant looks at a second control field further on."""


@pytest.mark.parametrize(("name", "octets"), [fault[:2] for fault in FAULTS])
def test_the_branching_form_finds_the_same_fault(name: str, octets: str) -> None:
    layout = layouts()[name]
    with pytest.raises(MalformedFrame) as caught:
        layout.decode(bytes.fromhex(octets))
    with pytest.raises(MalformedFrame) as found:
        Codec(layout, "decode").branching()(bytes.fromhex(octets))
    same = str(found.value) == str(caught.value)
    assert same != ((name, octets) in LOOKS_AHEAD), (found.value, caught.value)


@pytest.mark.parametrize("name", layouts())
def test_the_place_is_inside_the_octets(name: str) -> None:
    for octets, surroundings in inputs(name, Random(name), 100):
        fault = _fault(layouts()[name], octets, surroundings)
        if fault is not None:
            assert fault.format
            assert fault.offset is not None
            assert 0 <= fault.offset <= len(octets)


def _fault(layout: Layout[Any], octets: bytes, surroundings: Any) -> MalformedFrame | None:
    try:
        layout.decode(octets, surroundings)
    except MalformedFrame as fault:
        return fault
    return None
