"""The line about each frame."""

from collections.abc import Callable

import pytest

from lowpan.capture.decoded import DecodedFrame, DecodedMle, Outcome, Protection
from lowpan.capture.key_sources import Given
from lowpan.capture.summary import ends_of, is_faulty, protocol_of, says
from lowpan.capture.summary_icmpv6 import icmpv6_says
from lowpan.errors import MalformedFrame
from lowpan.radio import Fcs
from lowpan.wire.beacon import (
    BEACON,
    THREAD_BEACON,
    Beacon,
    SuperframeSpecification,
    ThreadBeacon,
    ThreadBeaconControl,
)
from lowpan.wire.icmpv6 import (
    ICMPV6,
    Echo,
    Icmpv6,
    PacketTooBig,
    ParameterProblem,
    Unanswerable,
)
from lowpan.wire.ieee802154 import Frame, FrameControl, OpaqueControl, OpaqueFrame
from lowpan.wire.mac_command import (
    COMMAND,
    AssociationResponse,
    Command,
    CommandId,
    CoordinatorRealignment,
    DisassociationNotification,
)
from lowpan.wire.mle import MleEnvelope
from lowpan.wire.nd_options import (
    AddressRegistration,
    AddressRegistrationControl,
    LinkLayerAddress,
    NdOption,
    PrefixInformation,
    PrefixInformationControl,
    SixLowpanContext,
    SixLowpanContextControl,
)
from lowpan.wire.neighbour_discovery import (
    DuplicateAddress,
    NeighbourAdvertisement,
    NeighbourAdvertisementControl,
    NeighbourSolicitation,
    RouterAdvertisement,
    RouterAdvertisementControl,
)
from tests.capture.made_frames import CAPTURES, decoded, frames_of

OPENTHREAD = CAPTURES / "openthread"
TO_ALL = FrameControl(3, destination_addressing_mode=2)


def line(frame: DecodedFrame) -> str:
    source, destination = ends_of(frame)
    return f"{source} > {destination} {protocol_of(frame)}: {says(frame)}"


ATTACH = {
    1: "fe80::aa:bbcc:dd00:1 > ff02::2 MLE: Parent Request, mode rdn",
    12: "02:aa:bb:cc:dd:00:00:02 > - 802.15.4: Ack of frame 11, frame pending",
    13: "fe80::aa:bbcc:dd00:2 > fe80::aa:bbcc:dd00:1 MLE: Child ID Request, mode rdn, "
    "timeout 240 s, wants Address16 + Network Data + Route64",
    15: "fe80::aa:bbcc:dd00:1 > fe80::aa:bbcc:dd00:2 MLE: Child ID Response, from 0xd800, "
    "partition 19dfcddf leader 54 data 191/193, address 0xd801, routers 54:0/0/1",
    17: "fd00:db8::ff:fe00:d801 > fd00:db8::ff:fe00:d800 UDP: 61631 > 61631, 25 octets",
}


def test_an_attach_reads_as_a_story() -> None:
    lines = {frame.number: line(frame) for frame in frames_of()}
    assert {number: lines[number] for number in ATTACH} == ATTACH


def parts(capture: str, text: str) -> list[str]:
    """Return the lines of a capture that contain `text`."""
    frames = frames_of(OPENTHREAD / f"{capture}.pcap")
    return [told for frame in frames if text in (told := line(frame))]


@pytest.mark.parametrize(
    ("capture", "text"),
    [
        ("ii-sed-poll", "Data Request"),
        ("iii-ping-frag-mesh", "Echo Request id 0x000a seq 19, 1000 octets"),
        ("iii-ping-frag-mesh", "reassembled from 12 fragments since frame 413"),
        ("iii-ping-frag-mesh", "fragment of datagram 0x000e from octet 120 of 1048"),
        ("iii-ping-frag-mesh", "hop 0xa000 > 0x6000, 19 left"),
        ("iii-ping-frag-mesh", "prefix 2001:db8:1::/64 context 1"),
        ("v-discovery-announce", "Discovery Response, network 'ieee6-lab'"),
        ("v-discovery-announce", "under the well-known key"),
        ("v-discovery-announce", "with dataset"),
        ("viii-ssed-linkmetrics", "Enhanced ack of frame 137, frame pending, CSL period"),
        ("viii-b-linkmetrics-enhack", "vendor eab89b 00009c"),
        ("ix-spinel-rcp", "wrong FCS"),
        ("ix-spinel-rcp", "malformed: "),
    ],
)
def test_captures_say(capture: str, text: str) -> None:
    assert parts(capture, text)


def test_without_keys_the_line_says_what_is_missing() -> None:
    frames = {frame.number: line(frame) for frame in frames_of(told=Given())}
    assert frames[17] == (
        "0xd801 > 0xd800 802.15.4: Data, 32 octets; no key for key identifier mode 1, index 1"
    )
    assert "secured, " in frames[1]
    assert "no key for key identifier mode 2, source 00000000, index 1" in frames[1]


COMMANDS = [
    (Command(CommandId.DATA_REQUEST), "Data Request"),
    (
        Command(CommandId.ASSOCIATION_RESPONSE, AssociationResponse(b"\x88\xef", 0)),
        "Association Response, success, address 0x88ef",
    ),
    (
        Command(CommandId.DISASSOCIATION_NOTIFICATION, DisassociationNotification(2)),
        "Disassociation Notification, the device wishes it",
    ),
    (
        Command(
            CommandId.COORDINATOR_REALIGNMENT,
            CoordinatorRealignment(0xFACE, b"\0\0", 15, b"\xff\xff"),
        ),
        "Coordinator Realignment, PAN 0xface, channel 15",
    ),
    (Command(0x77), "Command 119"),
]


@pytest.mark.parametrize(("command", "text"), COMMANDS)
def test_commands(command: Command, text: str) -> None:
    frame = Frame(TO_ALL, 1, 0xFFFF, b"\xff\xff", payload=COMMAND.encode(command))
    assert line(decoded(frame)) == f"- > 0xffff 802.15.4: {text}"


def test_beacon_of_a_network_with_a_hostile_name() -> None:
    control = ThreadBeaconControl(joining_permitted=True)
    thread = ThreadBeacon(control, b"\x1b[2J\nlab".ljust(16, b"\0"), bytes(range(8)))
    content = Beacon(
        SuperframeSpecification(association_permit=True), payload=THREAD_BEACON.encode(thread)
    )
    source = FrameControl(0, source_addressing_mode=2)
    frame = Frame(source, 1, None, None, 0xFACE, b"\x12\x34", payload=BEACON.encode(content))
    told = line(decoded(frame))
    assert told.isprintable()
    assert told.startswith("0x1234 > - 802.15.4: Beacon, association permitted, Thread network ")
    assert told.endswith("0001020304050607, joining permitted")


ICMPV6_LINES = [
    (Icmpv6(1, 4, 0, Unanswerable(b"")), "Destination Unreachable: port"),
    (Icmpv6(3, 0, 0, Unanswerable(b"")), "Time Exceeded"),
    (Icmpv6(2, 0, 0, PacketTooBig(1280, b"")), "Packet Too Big, MTU 1280"),
    (Icmpv6(4, 1, 0, ParameterProblem(40, b"")), "Parameter Problem at octet 40"),
    (Icmpv6(129, 0, 0, Echo(0xDE, 1, b"abc")), "Echo Reply id 0x00de seq 1, 3 octets"),
    (Icmpv6(200, 0, 0, b"abcd"), "type 200, 4 octets"),
    (
        Icmpv6(
            135,
            0,
            0,
            NeighbourSolicitation(
                bytes(15) + b"\x01",
                (
                    NdOption(1, LinkLayerAddress(b"\x12\x34")),
                    NdOption(
                        33,
                        AddressRegistration(
                            1, 0, AddressRegistrationControl(0, False, False), 0, 60, bytes(8)
                        ),
                    ),
                ),
            ),
        ),
        "Neighbour Solicitation of ::1, 0x1234, registration 0000000000000000: duplicate address",
    ),
    (
        Icmpv6(
            136,
            0,
            0,
            NeighbourAdvertisement(NeighbourAdvertisementControl(True, True, False), bytes(16), ()),
        ),
        "Neighbour Advertisement of ::, router+solicited",
    ),
    (
        Icmpv6(
            134,
            0,
            0,
            RouterAdvertisement(
                64,
                RouterAdvertisementControl(False, False),
                1800,
                0,
                0,
                (
                    NdOption(
                        3,
                        PrefixInformation(
                            64,
                            PrefixInformationControl(True, True, False),
                            1,
                            1,
                            bytes.fromhex("20010db8").ljust(16, b"\0"),
                        ),
                    ),
                    NdOption(
                        34,
                        SixLowpanContext(
                            64,
                            SixLowpanContextControl(True, 3),
                            60,
                            bytes.fromhex("20010db800000000"),
                        ),
                    ),
                ),
            ),
        ),
        "Router Advertisement for 1800 s, prefix 2001:db8::/64, context 3 2001:db8::/64",
    ),
    (
        Icmpv6(157, 0, 0, DuplicateAddress(0, 0, 60, bytes(8), bytes(15) + b"\x05")),
        "Duplicate Address Request of ::5, success",
    ),
]


@pytest.mark.parametrize(("message", "text"), ICMPV6_LINES)
def test_icmpv6(message: Icmpv6, text: str) -> None:
    assert ICMPV6.decode(ICMPV6.encode(message)).type == message.type  # it is one
    assert icmpv6_says(message) == text


def closed(outcome: Outcome, reason: str = "") -> Callable[[DecodedFrame], None]:
    def change(frame: DecodedFrame) -> None:
        frame.protection = Protection(outcome, reason=reason)

    return change


def with_fault(frame: DecodedFrame) -> None:
    frame.faults = (MalformedFrame("cut short", format="Iphc", field="source", offset=3),)


def with_note(frame: DecodedFrame) -> None:
    frame.notes = ("datagram 0x0001 given up",)


def with_acknowledged(frame: DecodedFrame) -> None:
    frame.acknowledges = 41


def with_dispatch(frame: DecodedFrame) -> None:
    frame.dispatch = 0x40


def with_closed_mle(frame: DecodedFrame) -> None:
    frame.mle = DecodedMle(MleEnvelope(255, None, b""), None, None)


@pytest.mark.parametrize(
    ("change", "text", "faulty"),
    [
        (closed(Outcome.MIC_BAD), "Ack of sequence number 7; MIC bad", True),
        (closed(Outcome.NO_KEY, "no key for index 3"), "7; no key for index 3", False),
        (closed(Outcome.REFUSED, "level 4"), "7; refused: level 4", False),
        (with_fault, "7; malformed: Iphc.source at octet 3: cut short", True),
        (with_note, "7; datagram 0x0001 given up", False),
        (with_acknowledged, "Ack of frame 41", False),
        (with_dispatch, "extension type follows (dispatch 0x40)", False),
        (with_closed_mle, "", False),
    ],
)
def test_circumstances(change: Callable[[DecodedFrame], None], text: str, faulty: bool) -> None:
    frame = decoded(b"\x02\x00\x07")
    change(frame)
    assert says(frame).endswith(text)
    assert is_faulty(frame) == faulty


def test_wrong_fcs_is_said_first() -> None:
    frame = DecodedFrame(1, decoded(b"\x02\x00\x07").received, 5)
    frame.received.fcs = Fcs.BAD
    assert says(frame) == "wrong FCS, 3 octets"
    assert is_faulty(frame)
    assert line(frame) == "- > - 802.15.4: wrong FCS, 3 octets"


def test_frame_of_an_unknown_kind() -> None:
    frame = decoded(OpaqueFrame(OpaqueControl(6), b"abc"))
    assert line(frame) == "- > - 802.15.4: Fragment frame, 3 octets"


def test_every_line_of_the_captures_is_one_line() -> None:
    for path in sorted(CAPTURES.glob("linux/*.pcap")):
        for frame in frames_of(path):
            assert line(frame).isprintable()
            assert says(frame)
