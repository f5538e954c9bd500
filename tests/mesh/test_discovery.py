from hypothesis import given
from hypothesis import strategies as st

from lowpan.capture.session import decode
from lowpan.mesh.discovery import discovery_request
from lowpan.wire.dataset import Discovery, MeshCopType
from lowpan.wire.meshcop import DiscoveryRequest
from lowpan.wire.mle import MleCommand, TlvType

RECORDED = "01d8dfffffffffb0ad030000ddccbbaa027f3b02f04d4c4d4ce51dff101a0480025000"
"""Frame 44 of v-discovery-announce.pcap: OpenThread's own request."""


def test_it_is_octet_for_octet_openthreads() -> None:
    source = bytes.fromhex("02aabbccdd000003")
    assert discovery_request(source, 0xADB0, 223).hex() == RECORDED


@given(st.binary(min_size=8, max_size=8), st.integers(0, 0xFFFF), st.integers(0, 255))
def test_it_is_read_as_what_it_is(source: bytes, pan_id: int, number: int) -> None:
    psdu = discovery_request(source, pan_id, number, joiner=True)
    decoded = decode(psdu)
    assert not decoded.faults
    assert decoded.extended_source == source
    assert decoded.mle is not None
    assert decoded.mle.message is not None
    assert decoded.mle.message.command == MleCommand.DISCOVERY_REQUEST
    discovery = decoded.mle.message.find(TlvType.THREAD_DISCOVERY, Discovery)
    assert discovery is not None
    assert discovery.find(MeshCopType.DISCOVERY_REQUEST) == DiscoveryRequest(5, True)
