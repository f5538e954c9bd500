from hypothesis import given
from hypothesis import strategies as st

from lowpan.capture.follower import Follower
from lowpan.capture.networks import MOST_NETWORKS, MOST_SENDERS, FoundNetwork, Networks
from lowpan.capture.session import open_capture
from lowpan.radio import Fcs, ReceivedFrame
from lowpan.wire.ieee802154 import FRAME, Frame, FrameControl, FrameType
from tests.cli.commands import CAPTURES
from tests.peers.networks import (
    DISCOVERY_RESPONSE,
    OTHER_THREAD_PAYLOAD,
    THREAD_BEACON,
    ZIGBEE_PAYLOAD,
    beacon,
    heard,
)


def found(*psdus: bytes, channel: int | None = 15) -> list[FoundNetwork]:
    networks, follower = Networks(), Follower()
    for number, psdu in enumerate(psdus, start=1):
        networks.add(follower.follow(number, heard(psdu, -70), len(psdu)), channel)
    return networks.found


def test_a_bare_beacon_and_a_discovery_response_are_of_one_network() -> None:
    for order in ((THREAD_BEACON, DISCOVERY_RESPONSE), (DISCOVERY_RESPONSE, THREAD_BEACON)):
        (network,) = found(*order)
        assert (network.pan_id, network.channel, network.name) == (0xFACE, 15, "ieee6-lab")
        assert network.extended_pan_id == bytes.fromhex("dead00beef00cafe")
        assert network.protocol == "Thread 1.4"
        assert len(network.senders) == network.frames == 2


def test_networks_with_one_pan_id_are_told_apart() -> None:
    other = beacon(0xFACE, b"\0\1", OTHER_THREAD_PAYLOAD)
    assert [each.name for each in found(DISCOVERY_RESPONSE, other)] == ["ieee6-lab", "other"]
    networks, follower = Networks(), Follower()
    for channel in (11, 12):
        networks.add(follower.follow(1, heard(other, -70), len(other)), channel)
    assert [each.channel for each in networks.found] == [11, 12]


def test_the_channel_that_the_frame_tells_counts() -> None:
    networks = Networks()
    networks.add(Follower().follow(1, heard(THREAD_BEACON, -70, channel=20), 13), 15)
    assert networks.found[0].channel == 20


def test_what_a_network_says_of_itself_is_surer_than_its_traffic() -> None:
    zigbee = beacon(0x1AAA, b"\0\0", ZIGBEE_PAYLOAD)
    (network,) = found(zigbee)
    assert (network.protocol, network.joinable) == ("Zigbee PRO", True)
    assert network.extended_pan_id == bytes.fromhex("1122334455667788")
    (network,) = found(beacon(0x1AAA, b"\0\0", b"\x55of nobody"))
    assert (network.protocol, network.extended_pan_id) == ("802.15.4", None)


def test_who_only_asks_is_no_network() -> None:
    networks = Networks()
    with open_capture(CAPTURES / "openthread" / "v-discovery-announce.pcap") as capture:
        for decoded in capture:
            networks.add(decoded, 11)
    (network,) = networks.found
    assert (network.pan_id, network.name) == (0xFACE, "ieee6-lab")
    assert networks.unnamed > 20


def test_traffic_tells_what_it_can() -> None:
    for name, protocol in (("ext-3-ping-1000-fragmented", "6LoWPAN"),):
        networks = Networks()
        with open_capture(CAPTURES / "linux" / f"{name}.pcap") as capture:
            for decoded in capture:
                networks.add(decoded, None)
        assert [each.protocol for each in networks.found] == [protocol]


def test_a_frame_with_a_bad_fcs_is_not_believed() -> None:
    networks = Networks()
    frame = ReceivedFrame(THREAD_BEACON, Fcs.BAD)
    assert networks.add(Follower().follow(1, frame, 13), 15) is None
    assert (networks.found, networks.frames) == ([], 0)


def test_what_a_stranger_can_make_us_keep_is_bounded() -> None:
    control = FrameControl(FrameType.BEACON, source_addressing_mode=2)
    networks, follower = Networks(), Follower()

    def hear(pan_id: int, source: int) -> None:
        address = source.to_bytes(2, "big")
        psdu = FRAME.encode(Frame(control, 1, source_pan_id=pan_id, source=address))
        networks.add(follower.follow(1, heard(psdu, -70), len(psdu)), 15)

    for number in range(MOST_NETWORKS + 10):
        hear(number, 1)
    for number in range(MOST_SENDERS + 10):
        hear(7, number)
    assert len(networks.found) == MOST_NETWORKS
    assert networks.crowded_out == 10
    assert len(networks.found[7].senders) == MOST_SENDERS


@given(st.lists(st.binary(max_size=127)), st.integers(0, 200))
def test_no_frame_makes_it_raise(psdus: list[bytes], cut: int) -> None:
    found(*psdus, DISCOVERY_RESPONSE[:cut], beacon(1, b"\0\1", ZIGBEE_PAYLOAD)[:cut])
