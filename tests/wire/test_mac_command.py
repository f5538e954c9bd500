"""MAC commands: captured and drawn ones, contents that do not fit, the two properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.ieee802154 import Frame, FrameType, decode_frame
from lowpan.wire.mac_command import (
    ASSOCIATION_REQUEST,
    COMMAND,
    COORDINATOR_REALIGNMENT,
    GTS_REQUEST,
    AssociationRequest,
    AssociationResponse,
    AssociationStatus,
    Command,
    CommandId,
    CoordinatorRealignment,
    DisassociationNotification,
    DisassociationReason,
    GtsRequest,
    VendorSpecificCommand,
)
from tests.wire.mac_samples import TESTS, captured, check_same_octets_or_malformed, octets

VECTORS = {
    # IEEE 802.15.4-2006 Annex C.2.3, decrypted
    "01ce": Command(
        CommandId.ASSOCIATION_REQUEST,
        AssociationRequest(
            full_function_device=True,
            mains_powered=True,
            receiver_on_when_idle=True,
            security_capability=True,
            allocate_address=True,
        ),
    ),
    # Linux, captures/linux/nl802154-beacons-scan-associate.pcap
    "02ef8800": Command(
        CommandId.ASSOCIATION_RESPONSE,
        AssociationResponse(bytes.fromhex("88ef"), AssociationStatus.SUCCESS),
    ),
    "0302": Command(
        CommandId.DISASSOCIATION_NOTIFICATION,
        DisassociationNotification(DisassociationReason.DEVICE_WISHES),
    ),
    "04": Command(CommandId.DATA_REQUEST),
    "07": Command(CommandId.BEACON_REQUEST),
    # by the diagrams
    "0131": Command(1, AssociationRequest(alternate_pan_coordinator=True, reserved=3)),
    "05": Command(CommandId.PAN_ID_CONFLICT_NOTIFICATION),
    "06": Command(CommandId.ORPHAN_NOTIFICATION),
    "08cefa34120b7856": Command(
        CommandId.COORDINATOR_REALIGNMENT,
        CoordinatorRealignment(0xFACE, bytes.fromhex("1234"), 11, bytes.fromhex("5678")),
    ),
    "08cefa34120b785602": Command(
        CommandId.COORDINATOR_REALIGNMENT,
        CoordinatorRealignment(0xFACE, bytes.fromhex("1234"), 11, bytes.fromhex("5678"), 2),
    ),
    "0923": Command(CommandId.GTS_REQUEST, GtsRequest(3, allocate=True)),
    "09d4": Command(CommandId.GTS_REQUEST, GtsRequest(4, receive=True, reserved=3)),
    "24eab89b0102": Command(
        CommandId.VENDOR_SPECIFIC, VendorSpecificCommand(bytes.fromhex("eab89b"), b"\x01\x02")
    ),
    "2301020304": Command(CommandId.RIT_DATA_RESPONSE, bytes.fromhex("01020304")),
    "ff": Command(0xFF),
    # too short or too long for their kind: octets
    "01": Command(CommandId.ASSOCIATION_REQUEST),
    "01ce00": Command(CommandId.ASSOCIATION_REQUEST, b"\xce\x00"),
    "02ef88": Command(CommandId.ASSOCIATION_RESPONSE, b"\xef\x88"),
    "08cefa34120b78": Command(CommandId.COORDINATOR_REALIGNMENT, bytes.fromhex("cefa34120b78")),
    "08cefa34120b78560000": Command(
        CommandId.COORDINATOR_REALIGNMENT, bytes.fromhex("cefa34120b78560000")
    ),
    "24eab8": Command(CommandId.VENDOR_SPECIFIC, b"\xea\xb8"),
    "0400": Command(CommandId.DATA_REQUEST, b"\x00"),
}


@pytest.mark.parametrize(("octets", "command"), VECTORS.items())
def test_vector(octets: str, command: Command) -> None:
    assert COMMAND.decode(bytes.fromhex(octets)) == command
    assert COMMAND.encode(command).hex() == octets


def test_no_octets_are_no_command() -> None:
    with pytest.raises(MalformedFrame):
        COMMAND.decode(b"")


def test_commands_of_linux() -> None:
    path = TESTS / "captures" / "linux" / "nl802154-beacons-scan-associate.pcap"
    frames = [decode_frame(octets[:-2]) for octets in captured(path)]
    commands = [
        COMMAND.decode(frame.payload)
        for frame in frames
        if isinstance(frame, Frame) and frame.control.frame_type == FrameType.MAC_COMMAND
    ]
    assert [command.command_id for command in commands] == [7, 1, 2, 3]
    assert isinstance(commands[1].content, AssociationRequest)
    assert commands[1].content.allocate_address
    assert commands[2].content == AssociationResponse(bytes.fromhex("88ef"), 0)


@given(st.binary(max_size=12))
def test_any_octets_decode_or_are_malformed(octets: bytes) -> None:
    for layout in (COMMAND, ASSOCIATION_REQUEST, COORDINATOR_REALIGNMENT, GTS_REQUEST):
        check_same_octets_or_malformed(layout, octets)


@given(st.integers(0, 0x24), st.binary(max_size=10))
def test_any_content_decodes(command_id: int, content: bytes) -> None:
    whole = bytes([command_id]) + content
    assert COMMAND.encode(COMMAND.decode(whole)) == whole


def commands() -> st.SearchStrategy[Command]:
    bit, two, u8, u16 = st.booleans(), st.integers(0, 3), st.integers(0, 255), st.integers(0, 65535)
    request = st.builds(AssociationRequest, bit, bit, bit, bit, two, bit, bit)
    realignment = st.builds(CoordinatorRealignment, u16, octets(2), u8, octets(2), st.none() | u8)
    contents = {
        CommandId.ASSOCIATION_REQUEST: request,
        CommandId.ASSOCIATION_RESPONSE: st.builds(AssociationResponse, octets(2), u8),
        CommandId.DISASSOCIATION_NOTIFICATION: st.builds(DisassociationNotification, u8),
        CommandId.COORDINATOR_REALIGNMENT: realignment,
        CommandId.GTS_REQUEST: st.builds(GtsRequest, st.integers(0, 15), bit, bit, two),
        CommandId.VENDOR_SPECIFIC: st.builds(
            VendorSpecificCommand, octets(3), st.binary(max_size=9)
        ),
    }
    typed = [st.builds(Command, st.just(int(kind)), of) for kind, of in contents.items()]
    plain = st.builds(Command, st.sampled_from([0, 4, 5, 6, 7, 0x20, 0xFF]), st.binary(max_size=9))
    return st.one_of(plain, *typed)


@given(commands())
def test_any_value_encodes_and_decodes_to_itself(command: Command) -> None:
    assert COMMAND.decode(COMMAND.encode(command)) == command


@pytest.mark.parametrize(
    "command",
    [
        Command(256),
        Command(-1),
        Command(1, GtsRequest(1)),
        Command(4, GtsRequest(1)),
        Command(9, GtsRequest(16)),
        Command(9, GtsRequest(1, reserved=4)),
        Command(2, AssociationResponse(bytes(8), 0)),
        Command(2, AssociationResponse(bytes(2), 256)),
        Command(3, DisassociationNotification(-1)),
        Command(8, CoordinatorRealignment(65536, bytes(2), 11, bytes(2))),
        Command(8, CoordinatorRealignment(1, bytes(2), 11, bytes(2), 256)),
        Command(0x24, VendorSpecificCommand(bytes(2), b"")),
    ],
)
def test_value_that_does_not_fit_is_refused(command: Command) -> None:
    with pytest.raises(FieldOutOfRange):
        COMMAND.encode(command)
