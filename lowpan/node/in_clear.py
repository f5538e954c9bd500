"""What of a secured network may come in clear: MLE, which protects itself (draft-kelsey §8)."""

from lowpan.wire.addresses import LINK_LOCAL_PREFIX
from lowpan.wire.ipv6 import IPV6_HEADER_OCTETS, UDP
from lowpan.wire.lowpan_headers import DISPATCH, Dispatch
from lowpan.wire.mle import MLE_HOP_LIMIT, MLE_PORT

_PORTS = 2 * MLE_PORT.to_bytes(2, "big")
_GROUP_OF_THE_LINK = b"\xff\x02"
_WHOLE = frozenset({Dispatch.IPHC, Dispatch.IPV6})


def comes_whole(payload: bytes) -> bool:
    """Tell whether `payload` begins with an IPv6 header: no mesh, broadcast or fragment header.

    MLE in clear fits one frame on one link.  A fragment in clear would share the place of those
    that are secured, and spoil their datagram.
    """
    return payload[:1] != b"" and DISPATCH[payload[0]] in _WHOLE


def protects_itself(datagram: bytes) -> bool:
    """Tell whether `datagram`, whole and from the link, is between MLE ports of this link.

    Nothing else may be believed of what came in clear where the link layer has keys.  A hop limit
    of 255 says that no router has passed it on; extension headers are none of MLE's.
    """
    ports = datagram[IPV6_HEADER_OCTETS : IPV6_HEADER_OCTETS + 4]
    return (
        ports == _PORTS
        and datagram[6] == UDP
        and datagram[7] == MLE_HOP_LIMIT
        and datagram[8:16] == LINK_LOCAL_PREFIX
        and (datagram[24:32] == LINK_LOCAL_PREFIX or datagram[24:26] == _GROUP_OF_THE_LINK)
    )
