"""What happens to a node's place in a PAN, as text and as JSON."""

import json

import pytest

from lowpan.cli.node_lines import event_json, said
from lowpan.mac.association import Associated, NotAssociated, Why
from lowpan.mac.coordinating import DeviceJoined, DeviceLeft
from lowpan.mac.management_service import PlaceChange
from lowpan.mac.polling import ParentLost
from lowpan.wire.mac_command import AssociationRequest

EXTENDED = bytes.fromhex("0200000000000001")

LINES: dict[str, PlaceChange] = {
    "joined PAN 0xbeef of 02:00:00:00:00:00:00:01, channel 15, as 0x1234": Associated(
        0xBEEF, b"\x12\x34", EXTENDED, 15
    ),
    "joined PAN 0xbeef of 0x0000, channel 15, as our extended address": Associated(
        0xBEEF, None, b"\0\0", 15
    ),
    "in no PAN: the PAN is full": NotAssociated(Why.AT_CAPACITY),
    "in no PAN: nobody lets us in, none was found": NotAssociated(Why.NO_PAN, "none was found"),
    "coordinator 0x0000 does not answer, 4 polls in a row": ParentLost(b"\0\0", 4),
    "device 02:00:00:00:00:00:00:01 joined as 0x1234 (with the key, sleeps)": DeviceJoined(
        EXTENDED, b"\x12\x34", AssociationRequest(), True
    ),
    "device 02:00:00:00:00:00:00:01 joined (in clear)": DeviceJoined(
        EXTENDED, None, AssociationRequest(receiver_on_when_idle=True), False
    ),
    "device 02:00:00:00:00:00:00:01 is gone (it has left)": DeviceLeft(EXTENDED, "it has left"),
}


@pytest.mark.parametrize(("line", "change"), LINES.items())
def test_a_line_for_each(line: str, change: PlaceChange) -> None:
    assert said(change) == line
    assert json.loads(event_json(change))["event"]


def test_json_has_all_of_it() -> None:
    shown = json.loads(event_json(LINES["in no PAN: nobody lets us in, none was found"]))
    assert (shown["why"], shown["reason"]) == ("nobody lets us in", "none was found")
    joined = json.loads(event_json(DeviceJoined(EXTENDED, None, AssociationRequest(), True)))
    assert joined["extended_address"] == "02:00:00:00:00:00:00:01"
    assert joined["capability"]["receiver_on_when_idle"] is False
