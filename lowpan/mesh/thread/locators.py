"""Addresses of a Thread network: routing locators, groups, and who is who by RLOC16."""

from lowpan.wire.addresses import SHORT_IID_PREFIX
from lowpan.wire.ipv6_options import ALL_MPL_FORWARDERS

ROUTER_ID_SHIFT = 10
"""RLOC16 is router id << 10, plus the number of the child: 0 is the router itself."""

REALM_LOCAL_ALL_NODES = bytes.fromhex("ff030000000000000000000000000001")
REALM_LOCAL_ALL_ROUTERS = bytes.fromhex("ff030000000000000000000000000002")


def router_id(rloc16: bytes) -> int:
    """Return the router id, 0..63, of an RLOC16 (2 octets)."""
    return int.from_bytes(rloc16, "big") >> ROUTER_ID_SHIFT


def is_router(rloc16: bytes) -> bool:
    """Tell whether an RLOC16 is a router's, not a child's."""
    return not int.from_bytes(rloc16, "big") & (1 << ROUTER_ID_SHIFT) - 1


def routing_locator(mesh_local_prefix: bytes, rloc16: bytes) -> bytes:
    """Return the IPv6 address (16 octets) that says where in the mesh a node is."""
    return mesh_local_prefix + SHORT_IID_PREFIX + rloc16


def all_thread_nodes(mesh_local_prefix: bytes, scope: int) -> bytes:
    """Return the group of all Thread nodes, ff3x:40:<prefix>::1 (RFC 3306); also of sleepers."""
    return bytes((0xFF, 0x30 | scope, 0, 64)) + mesh_local_prefix + bytes((0, 0, 0, 1))


def groups_of(mesh_local_prefix: bytes, *, full_thread_device: bool) -> tuple[bytes, ...]:
    """Return the groups that a member listens to, besides ff02::1.

    A full Thread device hears the questions for addresses, which go to all routers.
    """
    groups = (
        REALM_LOCAL_ALL_NODES,
        ALL_MPL_FORWARDERS,
        all_thread_nodes(mesh_local_prefix, 2),
        all_thread_nodes(mesh_local_prefix, 3),
    )
    return (*groups, REALM_LOCAL_ALL_ROUTERS) if full_thread_device else groups
