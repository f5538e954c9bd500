"""A forwarder of fragments, fragments for it, and what came of them."""

from random import Random
from typing import Any

from lowpan.adaptation.forwarding import Drop, Dropped, Forward
from lowpan.adaptation.fragment_forwarding import ForwardingAction, FragmentForwarding
from lowpan.adaptation.fragmentation import fragmented
from lowpan.adaptation.layer import Adaptation, Ends
from lowpan.adaptation.reassembly import DatagramReceived
from lowpan.wire.addresses import Surroundings, iid_of
from tests.adaptation.hops import A, Along, B, C, contexts


def forwarder(here: bytes = B, room: int = 102, **bounds: Any) -> FragmentForwarding:
    return FragmentForwarding(Along(here, room), Random(8930), contexts=contexts(), **bounds)


def fragments(octets: bytes, tag: int = 7, room: int = 96, source: bytes = A) -> list[bytes]:
    around = Surroundings(iid_of(source), iid_of(B), contexts().known)
    return fragmented(octets, around, room=room, datagram_tag=tag)


def receive(
    engine: FragmentForwarding, payload: bytes, now: int = 0, source: bytes = A
) -> list[ForwardingAction]:
    return engine.receive_payload(payload, source, B, now=now)


def forwarded(actions: list[ForwardingAction]) -> list[bytes]:
    return [action.payload for action in actions if isinstance(action, Forward)]


def drops(actions: list[ForwardingAction]) -> list[Drop]:
    return [action.drop for action in actions if isinstance(action, Dropped)]


def reassembled(payloads: list[bytes], source: bytes = B, destination: bytes = C) -> list[bytes]:
    layer = Adaptation(Random(1), contexts=contexts())
    return [
        event.datagram
        for payload in payloads
        for event in layer.receive_payload(payload, Ends(source, destination), now=0)
        if isinstance(event, DatagramReceived)
    ]
