"""Nodes for worlds of tests: numbered, and with keys where wanted."""

from lowpan.mac.keys import KeyIdentifier, KeyTable
from lowpan.mac.security import LinkSecurity
from lowpan.node.addresses import link_local_of
from lowpan.node.service import Endpoint
from lowpan.radio import RadioSettings
from lowpan.sim.node import SimNode
from lowpan.store import MemoryStore

PAN_ID, PORT = 0xBEEF, 5683
KEY = bytes(range(16))


def settings_of(number: int) -> RadioSettings:
    """Return addresses of the node `number`, 0..65000."""
    return RadioSettings(
        channel=15,
        promiscuous=False,
        pan_id=PAN_ID,
        short_address=number + 1,
        extended_address=extended_of(number),
    )


def extended_of(number: int) -> bytes:
    """Return the extended address of the node `number`."""
    return b"\x02\0\0\0\0\0" + number.to_bytes(2, "big")


def short_of(number: int) -> bytes:
    """Return its short address."""
    return (number + 1).to_bytes(2, "big")


def address_of(number: int) -> bytes:
    """Return its link-local address, made of the short one."""
    return link_local_of(short_of(number))


def security_of(number: int, known: int = 0, level: int = 5) -> LinkSecurity:
    """Return the security of the node `number`, which knows the first `known` nodes."""
    return secured_by(MemoryStore(), number, known, level)


def send(sender: SimNode, payload: bytes, receiver: int) -> None:
    """Send a UDP datagram to the node `receiver`."""
    local, remote = Endpoint(b"", PORT), Endpoint(address_of(receiver), PORT)
    sender.take(sender.node.send_udp(payload, local, remote, now=sender.now))


def secured_by(store: MemoryStore, number: int, known: int, level: int = 5) -> LinkSecurity:
    """Return the security of the node `number` over what is in `store`."""
    keys = KeyTable()
    keys.add(KeyIdentifier(1, 1), KEY)
    security = LinkSecurity(extended_of(number), keys, store, level=level)
    for other in range(known):
        if other != number:
            security.peers.add(extended_of(other), short_of(other), pan_id=PAN_ID)
    return security
