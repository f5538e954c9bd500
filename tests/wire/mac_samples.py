"""Frames that the tests of IEEE 802.15.4 formats share: captured ones, printed ones, bent ones."""

import json
from functools import cache
from pathlib import Path
from struct import unpack_from
from typing import Any

from hypothesis import strategies as st

from lowpan.errors import MalformedFrame
from lowpan.schema import Layout
from lowpan.wire.header_ies import Csl, HeaderIe, RendezvousTime, TimeCorrection, VendorSpecific
from lowpan.wire.ieee802154 import Frame, FrameControl
from lowpan.wire.information_elements import PrivatePayload, terminated
from lowpan.wire.security_header import AuxiliarySecurityHeader, SecurityControl

TESTS = Path(__file__).parent.parent

PRINTED = {
    # IEEE 802.15.4-2006 Annex C, key c0c1..cf: a-data, then cipher text and MIC
    "Annex C.2.1 beacon, MIC-64": (
        "08d0842143010000000048deac020500000055cf000051525354 223bc1ec841ab553"
    ),
    "Annex C.2.2 data, ENC": "69dc842143020000000048deac010000000048deac0405000000 d43e022b",
    "Annex C.2.3 command, ENC-MIC-64": (
        "2bdc842143020000000048deacffff010000000048deac060500000001 d8 4fde529061f9c6f1"
    ),
    # OpenThread tests/unit/test_mac_frame.cpp, without FCS
    "MLE Child ID Request": (
        "61dcbdcefa01000000000a6e1602000000000a6e167f33f04d4c4d4c8bf000150100000000000000"
        "01c2579c31b32aa186ba9aed5ab9a35988ebbb0dc3edeb8a53a6edf7dd456ef79a17b4abc6757146"
        "37934a32b1219f9db36527d5fc501690"
    ),
    "data 2015, short addresses": (
        "69a88ecefa022400240d02000000016b64600855b81018c7402efbf3daf94e5870"
    ),
    "data request 2006": "6bdc85cefa473607d974458db26e8125c9dbac2b0a0d000000000104af14ceaa",
    "data request 2015, CSL": (
        "6baa8dcefa006801680d0800000001040ded0b350c803f724b8889d6"  # as on air: id encrypted
    ),
    "wake-up frame, destination": (  # its MIC is not printed
        "fd87cefa8796a5b4c3d2e1f0080706050403020115fcfcfcfc0000001c1d820ecdab05009bb8ea011c00000000"
    ),
    "wake-up frame, wake-up identifier": (
        "cd87cefa080706050403020115fcfcfcfc0000001c1d820ecdab07009bb8ea011c201000000000"
    ),
    # pyspinel test_sniffer
    "MLE Advertisement": (
        "41d8980100ffffa8cb25ab2c32a0227f3b01f04d4c4d4cdc3b0015060000000000000001f226cce1"
        "7968521d92904fec1adb0b94777030b944df65450bc955f05737e3"
    ),
    "immediate acknowledgment": "02105e",
    "beacon of OpenThread without content": "00c001cefa0100000000ccbbaa",
}
"""Whole PSDUs without FCS, by what they are."""


def printed(name: str) -> bytes:
    return bytes.fromhex(PRINTED[name])


@cache
def standard_vectors() -> list[dict[str, Any]]:
    """Return the vectors of tests/vectors/ieee802154.jsonl; `psdu` is added, without FCS."""
    lines = (TESTS / "vectors" / "ieee802154.jsonl").read_text().splitlines()
    vectors: list[dict[str, Any]] = [json.loads(line) for line in lines]
    for vector in vectors:
        octets = bytes.fromhex(vector["in_hex"])
        vector["psdu"] = octets[:-2] if "fcs_valid" in vector["expect"] else octets
    return vectors


@cache
def all_samples() -> list[bytes]:
    """Return every printed PSDU, those of the standards and some captured ones."""
    found = [bytes.fromhex(text) for text in PRINTED.values()]
    found += [vector["psdu"] for vector in standard_vectors()]
    for name in ("linux/nl802154-beacons-scan-associate", "openthread/viii-b-linkmetrics-enhack"):
        found += [octets[:-2] for octets in captured(TESTS / "captures" / f"{name}.pcap")]
    return found


def capture_paths() -> list[Path]:
    return sorted((TESTS / "captures").glob("*/*.pcap"))


def captured(path: Path) -> list[bytes]:
    """Return the frames, with FCS, of a little-endian pcap file of link type 195."""
    octets = path.read_bytes()
    assert unpack_from("<I", octets, 20) == (195,), path
    frames: list[bytes] = []
    at = 24
    while at < len(octets):
        (length,) = unpack_from("<I", octets, at + 8)
        at += 16 + length
        frames.append(octets[at - length : at])
    return frames


@st.composite
def bent(draw: st.DrawFn, samples: list[bytes]) -> bytes:
    """Return one of `samples` with some octets changed, cut off or put in."""
    octets = bytearray(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(octets)))
        match draw(st.integers(0, 3)):
            case 0:
                del octets[at:]
            case 1:
                octets[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case 2:
                octets[at:at] = draw(st.binary(max_size=4))
            case _:
                del octets[at : at + 1]
    return bytes(octets)


def check_same_octets_or_malformed(layout: Layout[Any], octets: bytes) -> None:
    """Fail unless `octets` decode and re-encode to themselves, or are malformed."""
    try:
        value = layout.decode(octets)
    except MalformedFrame:
        return
    assert layout.encode(value) == octets


# -- values


def octets(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)


@st.composite
def security_headers(draw: st.DrawFn) -> AuxiliarySecurityHeader:
    mode, suppressed = draw(st.integers(0, 3)), draw(st.booleans())
    control = SecurityControl(
        draw(st.integers(0, 7)), mode, suppressed, draw(st.booleans()), draw(st.booleans())
    )
    return AuxiliarySecurityHeader(
        control,
        None if suppressed else draw(st.integers(0, 0xFFFFFFFF)),
        draw(octets(4 if mode == 2 else 8)) if mode >= 2 else None,
        draw(st.integers(0, 255)) if mode else None,
    )


def header_ies() -> st.SearchStrategy[HeaderIe]:
    """Return any header IE but those that end the list."""
    u16, bit = st.integers(0, 0xFFFF), st.booleans()
    vendor = st.builds(VendorSpecific, octets(3), st.binary(max_size=124))
    csl = st.builds(Csl, u16, u16, st.none() | u16)
    rendezvous = st.builds(RendezvousTime, u16, st.none() | u16)
    correction = st.builds(TimeCorrection, st.integers(-2048, 2047), bit, st.integers(0, 7))
    return st.one_of(
        st.builds(HeaderIe, st.just(0x00), vendor),
        st.builds(HeaderIe, st.just(0x1A), csl),
        st.builds(HeaderIe, st.just(0x1D), rendezvous),
        st.builds(HeaderIe, st.just(0x1E), correction),
        st.builds(HeaderIe, st.integers(0x1F, 0x7D), st.binary(max_size=127)),
        st.builds(HeaderIe, st.integers(0x80, 0xFF), st.binary(max_size=127)),
    )


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    """Return any Frame that can be encoded."""
    version, to_mode, from_mode = (draw(st.sampled_from(of)) for of in ((0, 1, 2), MODES, MODES))
    compressed = draw(st.booleans()) if version == 2 or (to_mode and from_mode) else False
    bit = st.booleans()
    control = FrameControl(
        draw(st.integers(0, 3)),
        security_enabled=draw(bit),
        frame_pending=draw(bit),
        acknowledgment_request=draw(bit),
        pan_id_compression=compressed,
        reserved=draw(bit),
        sequence_number_suppression=draw(bit),
        ie_present=draw(bit),
        destination_addressing_mode=to_mode,
        frame_version=version,
        source_addressing_mode=from_mode,
    )
    to_pan, from_pan = pan_ids_present(control)
    u16 = st.integers(0, 0xFFFF)
    frame = Frame(
        control,
        None if version == 2 and control.sequence_number_suppression else draw(st.integers(0, 255)),
        draw(u16) if to_pan else None,
        draw(octets(SIZE[to_mode])) if to_mode else None,
        draw(u16) if from_pan else None,
        draw(octets(SIZE[from_mode])) if from_mode else None,
        payload=draw(st.binary(max_size=30)),
    )
    if control.security_enabled and version:
        frame.security = draw(security_headers())
        frame.mic = draw(octets((0, 4, 8, 16)[frame.security.control.security_level & 3]))
    if control.ie_present and version == 2:
        ies = draw(st.lists(header_ies(), max_size=3).map(tuple))
        frame.header_ies, _ = terminated(ies, PrivatePayload((), frame.payload))
        if not ies and frame.payload:
            frame.header_ies = (HeaderIe(draw(st.sampled_from([0x7E, 0x7F]))),)
    return frame


MODES = (0, 2, 3)
SIZE = {0: 0, 2: 2, 3: 8}


def pan_ids_present(control: FrameControl) -> tuple[bool, bool]:
    """Return whether the destination's and the source's PAN ID are there (2015, Table 7-2)."""
    to, by = control.destination_addressing_mode, control.source_addressing_mode
    compressed = control.pan_id_compression
    if control.frame_version < 2:
        return to != 0, by != 0 and not compressed
    match (to, by):
        case (0, 0):
            return compressed, False
        case (_, 0):
            return not compressed, False
        case (0, _):
            return False, not compressed
        case (3, 3):
            return not compressed, False
        case _:
            return True, not compressed
