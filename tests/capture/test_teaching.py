"""What frames teach and what they must not: addresses and contexts, from whom, under which key."""

from dataclasses import replace

import pytest

from lowpan.capture.addresses import AddressBook
from lowpan.capture.ip_following import UNKNOWN_CONTEXT
from lowpan.capture.key_sources import Given, Network
from lowpan.capture.keys import AnnounceKey
from lowpan.capture.teaching import extended_of, learn_from_command
from lowpan.mac.thread_keys import (
    ANNOUNCE_KEY_INDEX,
    ANNOUNCE_KEY_SOURCE,
    ANNOUNCE_NONCE_ADDRESS,
)
from lowpan.wire.addresses import Context, iid_of, parse_ipv6
from lowpan.wire.dataset import Dataset, MeshCopTlv, MeshCopType
from lowpan.wire.icmpv6 import Icmpv6Body, Icmpv6Type
from lowpan.wire.ieee802154 import Frame, decode_frame
from lowpan.wire.mac_command import COMMAND
from lowpan.wire.meshcop import MeshLocalPrefix, PanId
from lowpan.wire.mle import MleCommand, MleMessage, Tlv, TlvContent, TlvType
from lowpan.wire.mle_draft import SourceAddress
from lowpan.wire.mle_tlvs import Address16
from lowpan.wire.nd_options import (
    AddressRegistration,
    AddressRegistrationControl,
    LinkLayerAddress,
    NdOption,
    NdOptionType,
    SixLowpanContext,
    SixLowpanContextControl,
)
from lowpan.wire.neighbour_discovery import (
    NeighbourAdvertisement,
    NeighbourAdvertisementControl,
    NeighbourSolicitation,
    RouterAdvertisement,
    RouterAdvertisementControl,
    RouterSolicitation,
)
from lowpan.wire.network_data import (
    ContextControl,
    LowpanContext,
    NetworkData,
    NetworkDataTlv,
    NetworkDataType,
    Prefix,
)
from tests.capture.network import (
    ALICE,
    BOB,
    EVE,
    EVERYBODY,
    PAN,
    PREFIX,
    THREAD,
    A,
    Air,
    B,
    Seal,
    air,
    echo,
    frame,
    icmpv6,
    local,
    lowpan,
    mle,
    mle_frame,
    thread_seal,
)

ALL_NODES = parse_ipv6("ff02::1")
OTHER_PREFIX = bytes.fromhex("20010db800050000")


def message(command: MleCommand, *values: tuple[TlvType, TlvContent]) -> MleMessage:
    return MleMessage(command, tuple(Tlv(kind, value) for kind, value in values))


def hear_mle(network: Air, told: MleMessage, sender: bytes = ALICE, counter: int = 1) -> None:
    network.hear(mle_frame(mle(told, sender, BOB, counter), sender, BOB, number=counter))


def contexts(network: Air, pan_id: int | None = PAN) -> dict[int, bytes]:
    """Return the contexts that the network told, by number."""
    known = network.follower._ip.contexts(pan_id)  # pyright: ignore[reportPrivateUsage]
    return {
        number: context.prefix[:8]
        for number, context in known.items()
        if context is not UNKNOWN_CONTEXT
    }


# -- MAC commands


def test_coordinator_tells_its_own_address_and_that_of_an_orphan() -> None:
    book = AddressBook()
    realignment = decode_frame(bytes.fromhex("23cc09cefa0200000000000002ffff0100000000000002"))
    assert isinstance(realignment, Frame)
    command = COMMAND.decode(bytes.fromhex("08 cefa 0000 0f 3412"))
    learn_from_command(book, realignment, command)
    assert book.extended(PAN, b"\x12\x34") == bytes.fromhex("0200000000000002")
    assert book.extended(PAN, b"\0\0") == bytes.fromhex("0200000000000001")
    to_all = AddressBook()
    learn_from_command(to_all, replace(realignment, destination=EVERYBODY), command)
    assert len(to_all) == 1


def test_refused_association_teaches_nothing() -> None:
    book = AddressBook()
    response = decode_frame(bytes.fromhex("63cc09cefa02000000000000020100000000000002"))
    assert isinstance(response, Frame)
    learn_from_command(book, response, COMMAND.decode(bytes.fromhex("02 ffff 01")))
    learn_from_command(book, response, COMMAND.decode(bytes.fromhex("02 3412 02")))
    assert len(book) == 0
    learn_from_command(book, response, COMMAND.decode(bytes.fromhex("02 3412 00")))
    assert book.extended(PAN, b"\x12\x34") == bytes.fromhex("0200000000000002")


# -- MLE


def test_mle_tells_the_sender_and_a_new_child() -> None:
    network = air(THREAD)
    hear_mle(
        network,
        message(
            MleCommand.CHILD_ID_RESPONSE,
            (TlvType.SOURCE_ADDRESS, SourceAddress(A)),
            (TlvType.ADDRESS16, Address16(B)),
        ),
    )
    assert network.follower.book.extended(PAN, A) == ALICE
    assert network.follower.book.extended(PAN, B) == BOB


@pytest.mark.parametrize(
    ("command", "learnt"),
    [
        (MleCommand.LINK_ACCEPT, BOB),
        (MleCommand.LINK_ACCEPT_AND_REQUEST, BOB),
        (MleCommand.CHILD_UPDATE_REQUEST, None),
    ],
)
def test_address16_is_the_receivers_where_a_parent_or_router_gives_it(
    command: MleCommand, learnt: bytes | None
) -> None:
    network = air(THREAD)
    hear_mle(network, message(command, (TlvType.ADDRESS16, Address16(B))))
    assert network.follower.book.extended(PAN, B) == learnt


def network_data(number: int, prefix: bytes) -> NetworkData:
    control = ContextControl(compress=True, context_id=number)
    context = NetworkDataTlv(NetworkDataType.CONTEXT, True, LowpanContext(control, 64))
    told = Prefix(0, 64, prefix, (context,))
    return NetworkData((NetworkDataTlv(NetworkDataType.PREFIX, True, told),))


def test_network_data_tells_contexts_of_its_own_pan_only() -> None:
    network = air(THREAD)
    told = message(MleCommand.DATA_RESPONSE, (TlvType.NETWORK_DATA, network_data(3, PREFIX)))
    hear_mle(network, told)
    assert contexts(network) == {3: PREFIX}
    assert contexts(network, 0xBEEF) == {}


def test_dataset_tells_the_mesh_local_prefix() -> None:
    network = air(THREAD)
    told = Dataset((MeshCopTlv(MeshCopType.MESH_LOCAL_PREFIX, MeshLocalPrefix(PREFIX)),))
    hear_mle(network, message(MleCommand.DATA_RESPONSE, (TlvType.ACTIVE_OPERATIONAL_DATASET, told)))
    assert contexts(network) == {0: PREFIX}


def test_pending_dataset_is_about_later() -> None:
    network = air(THREAD)
    prefix = MeshCopTlv(MeshCopType.MESH_LOCAL_PREFIX, MeshLocalPrefix(PREFIX))
    here, there = (MeshCopTlv(MeshCopType.PAN_ID, PanId(pan_id)) for pan_id in (PAN, 0xBEEF))
    for counter, pan_id in enumerate([here, there], 1):
        pending = (TlvType.PENDING_OPERATIONAL_DATASET, Dataset((prefix, pan_id)))
        hear_mle(network, message(MleCommand.DATA_RESPONSE, pending), counter=counter)
    assert contexts(network) == {}
    assert contexts(network, 0xBEEF) == {0: PREFIX}


def test_user_is_believed_before_the_network() -> None:
    network = Air(Given(keys=[THREAD], contexts={3: Context(OTHER_PREFIX, 64)}))
    told = message(MleCommand.DATA_RESPONSE, (TlvType.NETWORK_DATA, network_data(3, PREFIX)))
    hear_mle(network, told)
    assert contexts(network) == {3: OTHER_PREFIX}


def test_mle_that_was_forwarded_or_is_not_secured_teaches_nothing() -> None:
    network = air(THREAD)
    told = message(MleCommand.DATA_RESPONSE, (TlvType.NETWORK_DATA, network_data(3, PREFIX)))
    forwarded = network.hear(mle_frame(mle(told, ALICE, BOB, 1, hops=254), ALICE, BOB))
    assert forwarded.mle is not None
    assert forwarded.mle.message == told
    no_key = air()
    hear_mle(no_key, told)
    assert contexts(network) == contexts(no_key) == {}


# -- neighbour discovery


def link_layer(kind: NdOptionType, *addresses: bytes) -> tuple[NdOption, ...]:
    return tuple(NdOption(kind, LinkLayerAddress(address)) for address in addresses)


SOURCE = NdOptionType.SOURCE_LINK_LAYER_ADDRESS
TARGET = NdOptionType.TARGET_LINK_LAYER_ADDRESS


def registration(status: int, extended: bytes) -> tuple[NdOption, ...]:
    control = AddressRegistrationControl(0, r=False, t=False)
    value = AddressRegistration(status, 0, control, 0, 3600, extended)
    return (NdOption(NdOptionType.ADDRESS_REGISTRATION, value),)


def solicitation(*options: NdOption) -> NeighbourSolicitation:
    return NeighbourSolicitation(local(B), options)


def advertisement(*options: NdOption) -> NeighbourAdvertisement:
    return NeighbourAdvertisement(
        NeighbourAdvertisementControl(r=False, s=True, o=True), local(A), options
    )


NS, NA = Icmpv6Type.NEIGHBOUR_SOLICITATION, Icmpv6Type.NEIGHBOUR_ADVERTISEMENT
RS, RA = Icmpv6Type.ROUTER_SOLICITATION, Icmpv6Type.ROUTER_ADVERTISEMENT
TELLS_OF_A = [
    (NS, solicitation(*link_layer(SOURCE, A, ALICE))),  # both, as Linux does
    (NS, solicitation(*link_layer(SOURCE, ALICE))),
    (RS, RouterSolicitation(link_layer(SOURCE, ALICE))),
    (NS, solicitation(*registration(0, ALICE))),
    (NA, advertisement(*link_layer(TARGET, ALICE))),
]


def hear_nd(network: Air, kind: int, body: Icmpv6Body) -> None:
    """Hear a message from A to B."""
    network.hear(frame(A, B, lowpan(icmpv6(local(A), local(B), kind, body), A, B)))


@pytest.mark.parametrize(("kind", "body"), TELLS_OF_A)
def test_neighbour_discovery_tells_what_is_behind_a_short_address(
    kind: int, body: Icmpv6Body
) -> None:
    network = air()
    hear_nd(network, kind, body)
    assert network.follower.book.extended(PAN, A) == ALICE
    assert len(network.follower.book) == 1


def test_registration_is_the_hosts_in_the_answer_too() -> None:
    network = air()
    hear_nd(network, NA, advertisement(*registration(0, BOB)))
    assert network.follower.book.extended(PAN, B) == BOB
    assert network.follower.book.extended(PAN, A) is None


@pytest.mark.parametrize("status", [1, 2])
def test_registration_that_failed_teaches_nothing(status: int) -> None:
    network = air()
    hear_nd(network, NA, advertisement(*registration(status, BOB)))
    assert len(network.follower.book) == 0


def router_advertisement(lifetime: int = 3600) -> RouterAdvertisement:
    option = SixLowpanContext(64, SixLowpanContextControl(c=True, cid=4), lifetime, PREFIX)
    control = RouterAdvertisementControl(m=False, o=False)
    options = (NdOption(NdOptionType.SIX_LOWPAN_CONTEXT, option),)
    return RouterAdvertisement(64, control, 1800, 0, 0, options)


ADVERTISED = icmpv6(local(A), ALL_NODES, RA, router_advertisement())


def test_router_tells_contexts_and_takes_them_back() -> None:
    network = air()
    network.hear(frame(A, EVERYBODY, lowpan(ADVERTISED, A, EVERYBODY)))
    assert contexts(network) == {4: PREFIX}
    withdrawn = icmpv6(local(A), ALL_NODES, RA, router_advertisement(0))
    network.hear(frame(A, EVERYBODY, lowpan(withdrawn, A, EVERYBODY)))
    assert contexts(network) == {}


@pytest.mark.parametrize(
    ("at", "octets"),
    [(7, b"\xfe"), (41, b"\x01"), (42, b"\0\0")],
    ids=["hop limit", "code", "checksum"],
)
def test_neighbour_discovery_that_a_host_drops_teaches_nothing(at: int, octets: bytes) -> None:
    network = air()
    broken = ADVERTISED[:at] + octets + ADVERTISED[at + len(octets) :]
    heard = network.hear(frame(A, EVERYBODY, b"\x41" + broken))
    assert heard.datagram is not None
    assert contexts(network) == {}


# -- who is believed


def member() -> Air:
    """Return the air of a secured network of ALICE as A."""
    network = air(THREAD)
    network.follower.book.learn(PAN, A, ALICE)
    ping = lowpan(echo(local(A), local(B)), A, B)
    assert network.hear(frame(A, B, ping, seal=thread_seal(ALICE, 1))).datagram is not None
    return network


def test_in_a_secured_network_only_secured_frames_are_believed() -> None:
    network, payload = member(), lowpan(ADVERTISED, A, EVERYBODY)
    network.hear(frame(A, EVERYBODY, payload))
    assert contexts(network) == {}
    network.hear(frame(A, EVERYBODY, payload, seal=thread_seal(ALICE, 2)))
    assert contexts(network) == {4: PREFIX}


def test_network_is_known_to_be_secured_from_its_dataset() -> None:
    network = Air(Given(keys=[THREAD], networks=[Network(pan_id=PAN)]))
    network.hear(frame(A, EVERYBODY, lowpan(ADVERTISED, A, EVERYBODY)))
    assert contexts(network) == {}


def test_attack_21_context_under_the_well_known_key_is_not_learnt() -> None:
    network, payload = member(), lowpan(ADVERTISED, A, EVERYBODY)
    key = AnnounceKey().ccm_star
    seal = Seal(key, ANNOUNCE_NONCE_ADDRESS, 1, ANNOUNCE_KEY_INDEX, ANNOUNCE_KEY_SOURCE)
    heard = network.hear(frame(A, EVERYBODY, payload, seal=seal))
    assert heard.datagram is not None
    assert contexts(network) == {}


def test_one_forged_fragment_makes_a_datagram_unbelievable() -> None:
    network = member()
    first, rest = ADVERTISED[:48], ADVERTISED[48:]
    size = len(ADVERTISED)
    frag1 = (0xC000 | size).to_bytes(2, "big") + b"\0\x07\x41" + first
    fragn = (0xE000 | size).to_bytes(2, "big") + b"\0\x07\x06" + rest
    network.hear(frame(A, EVERYBODY, frag1))
    whole = network.hear(frame(A, EVERYBODY, fragn, seal=thread_seal(ALICE, 2)))
    assert whole.datagram is not None
    assert whole.datagram.checksum_good
    assert contexts(network) == {}
    network.hear(frame(A, EVERYBODY, frag1, seal=thread_seal(ALICE, 3)))
    network.hear(frame(A, EVERYBODY, fragn, seal=thread_seal(ALICE, 4)))
    assert contexts(network) == {4: PREFIX}


def test_hearsay_does_not_drive_out_what_is_certain() -> None:
    network = member()
    hear_nd(network, NS, solicitation(*link_layer(SOURCE, A, EVE)))
    network.hear(bytes.fromhex("63cc09cefa" + EVE[::-1].hex() + BOB[::-1].hex() + "020a0400"))
    assert network.follower.book.extended(PAN, A) == ALICE


@pytest.mark.parametrize("address", [ALICE, BOB, EVE])
def test_extended_address_stands_behind_a_link_local_one(address: bytes) -> None:
    assert extended_of(local(address)) == address
    assert extended_of(local(A)) is None
    assert extended_of(PREFIX + iid_of(address)) is None
