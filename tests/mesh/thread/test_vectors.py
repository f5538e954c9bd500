"""The attach of a real OpenThread router: our child says the same, octet for octet.

From the capture i-attach-router: the frames, their MLE payloads, and what they say.
"""

from pathlib import Path

import lowpan
from lowpan.mesh.mle_keys import ThreadMleKeys
from lowpan.mesh.mle_protection import open_message, seal_message
from lowpan.mesh.mle_security import MleSecurity
from lowpan.mesh.thread import messages
from lowpan.mesh.thread.parent_choice import Candidate, candidate_of
from lowpan.mesh.thread.settings import ChildSettings, Role
from lowpan.store import MemoryStore
from lowpan.wire.addresses import ALL_ROUTERS, iid_of, link_local
from lowpan.wire.meshcop import Timestamp
from lowpan.wire.mle import MLE_ENVELOPE, MLE_MESSAGE, MleCommand, MleMessage, TlvType
from lowpan.wire.mle_draft import Challenge, LinkLayerFrameCounter, MleFrameCounter
from lowpan.wire.secret import Secret

NETWORK_KEY = Secret(bytes.fromhex("00112233445566778899aabbccddeeff"))
CHILD, PARENT = (bytes.fromhex(f"02aabbccdd00000{number}") for number in (2, 1))
FED = ChildSettings(role=Role.FED)
CAPTURE = Path(__file__).parents[2] / "captures" / "openthread" / "i-attach-router.pcap"

PARENT_REQUEST = bytes.fromhex(
    "00150000000000000000" + "01" + "e0e437d49ffbaa5ed4a583bde5b594da593889c5973f4fd9c8"
)
"""MLE payload of the frame, without FCS: suite to MIC."""


def sealing(counter: int = 0) -> MleSecurity:
    """Return the security of a child that has sealed `counter` messages."""
    mle = MleSecurity(CHILD, ThreadMleKeys(NETWORK_KEY, 0), MemoryStore())
    for _ in range(counter):
        mle.seal(b"\x09", link_local(iid_of(CHILD)), ALL_ROUTERS, now=0)
    return mle


def attach() -> dict[int, MleMessage]:
    """Return what parent and child said, by command: the first of each."""
    found = dict[int, MleMessage]()
    with lowpan.open_capture(CAPTURE, keys=NETWORK_KEY.hex()) as capture:
        for decoded in capture:
            message = decoded.mle.message if decoded.mle is not None else None
            speakers = {PARENT, CHILD}
            if message is not None and decoded.extended_source in speakers:
                found.setdefault(message.command, message)
    return found


def test_parent_request_octet_for_octet() -> None:
    challenge = bytes.fromhex("76c00d83a7ee48d6")
    request = messages.parent_request(FED, challenge, end_devices_too=False)
    octets = MLE_MESSAGE.encode(request)
    assert octets.hex() == "0901010f030876c00d83a7ee48d60e018012020005"
    sealed = sealing().seal(octets, link_local(iid_of(CHILD)), ALL_ROUTERS, now=0)
    assert sealed == PARENT_REQUEST


def test_parent_response_makes_a_candidate() -> None:
    payload = bytes.fromhex(
        "00150900000000000000"
        "01ece9af6eb1266cf63aa3b32f16f79b83db2f1064ec7cb3fa9d5f2e0069ba93db23c0a4e3ebfd4f916bb3deb6"
        "d76cd0f74a36cbd2d77e94d63590d5630193c917bc56341dd517"
    )
    key = ThreadMleKeys(NETWORK_KEY, 0)
    envelope = MLE_ENVELOPE.decode(payload)
    security = envelope.security
    assert security is not None
    found = key.find(security, PARENT)
    assert found is not None
    ends = link_local(iid_of(PARENT)), link_local(iid_of(CHILD))
    message = MLE_MESSAGE.decode(open_message(envelope, ends, found.ccm_star, PARENT))
    candidate = candidate_of(message, PARENT, 0, -20.0, 0, 0)
    assert candidate is not None
    assert (candidate.rloc16.hex(), candidate.margin, candidate.two_way_quality) == ("d800", 80, 3)
    again = seal_message(MLE_MESSAGE.encode(message), ends, security, found.ccm_star, PARENT)
    assert again == MLE_ENVELOPE.encode(envelope)


def test_child_id_request_octet_for_octet() -> None:
    said = attach()
    real = said[MleCommand.CHILD_ID_REQUEST]
    challenge = said[MleCommand.PARENT_RESPONSE].find(TlvType.CHALLENGE, Challenge)
    link = real.find(TlvType.LINK_LAYER_FRAME_COUNTER, LinkLayerFrameCounter)
    mle = real.find(TlvType.MLE_FRAME_COUNTER, MleFrameCounter)
    assert challenge is not None
    assert link is not None
    assert mle is not None
    candidate = candidate_of(said[MleCommand.PARENT_RESPONSE], PARENT, 0, -20.0, 0, 0)
    assert isinstance(candidate, Candidate)
    ours = messages.child_id_request(
        FED,
        candidate,
        link.frame_counter,
        mle.frame_counter,
        registered=None,
        active=real.find(TlvType.ACTIVE_TIMESTAMP, Timestamp),
        pending=None,
    )
    assert MLE_MESSAGE.encode(ours).hex() == MLE_MESSAGE.encode(real).hex()
    frame = bytes.fromhex(
        "001501000000"
        "00000000"
        "01"
        "a4dec433e5af25bd2d29a68b583efc2c32ceb0d7105746fdd42e182bac82728e5e05dc5567978f993abb88fe"
        "8d9dfb751a65671cae3a66"
    )
    sealed = sealing(1).seal(
        MLE_MESSAGE.encode(ours), link_local(iid_of(CHILD)), link_local(iid_of(PARENT)), now=0
    )
    assert sealed.hex() == frame.hex()
