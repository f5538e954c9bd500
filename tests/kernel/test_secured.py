"""Our node beside Linux's with link-layer security, in the same boot as all checks."""

from collections.abc import Callable

import pytest

from lowpan.capture.decoded import Outcome
from lowpan.capture.key_sources import parse_raw_key
from lowpan.capture.session import open_capture
from lowpan.wire.ieee802154 import Frame
from tests.kernel.secured_scenarios import FEW, KEY, PINGS, SIZES
from tests.kernel.test_kernel import Kernel, kernel
from tests.kernel.test_node import WRONG, shown_by

__all__ = ["kernel"]

TOLD = ("-o", f'uat:ieee802154_keys:"{KEY.hex()}","1","No hash"')
"""What tshark needs to open what was sent."""


@pytest.mark.parametrize("size", SIZES)
def test_no_secured_ping_is_lost_either_way(kernel: Kernel, size: int) -> None:
    assert kernel.told("secured_pings")["answered"][str(size)] == [PINGS, PINGS]


def test_nothing_of_linuxs_is_dropped(kernel: Kernel) -> None:
    assert kernel.told("secured_pings")["dropped"] == {}


def test_every_frame_on_air_is_encrypted_and_opened_by_the_key(kernel: Kernel) -> None:
    kernel.told("secured_pings")
    keys = [parse_raw_key(f"{KEY.hex()},mode=1,index=1")]
    with open_capture(kernel.directory / "secured.pcapng", keys=keys) as capture:
        frames = list(capture)
    assert len(frames) > 4 * PINGS * len(SIZES)
    for frame in frames:
        assert isinstance(frame.frame, Frame)
        assert frame.frame.security is not None
        assert frame.frame.security.control.security_level == 5
        assert frame.protection is not None
        assert frame.protection.outcome is Outcome.DECRYPTED


def test_tshark_opens_every_frame_and_finds_nothing_malformed(
    kernel: Kernel, require_peer: Callable[[str], str]
) -> None:
    kernel.told("secured_pings")
    tshark, path = require_peer("tshark"), kernel.directory / "secured.pcapng"
    assert shown_by(tshark, path, f"{WRONG} || !(wpan.aux_sec.sec_level == 5)", *TOLD) == []
    assert shown_by(tshark, path, "wpan.decrypt_error", *TOLD) == []
    for size in SIZES:
        for kind in (128, 129):  # echo request and reply
            echoes = shown_by(tshark, path, f"icmpv6.type == {kind} && data.len == {size}", *TOLD)
            assert len(echoes) == 2 * PINGS
    assert shown_by(tshark, path, "ipv6") == []  # without the key


@pytest.mark.parametrize("name", ["linux_refuses", "we_refuse"])
def test_what_was_refused_was_well_formed(
    kernel: Kernel, require_peer: Callable[[str], str], name: str
) -> None:
    kernel.told(name)
    tshark, path = require_peer("tshark"), kernel.directory / f"{name}.pcapng"
    assert shown_by(tshark, path, WRONG, *TOLD) == []
    assert len(shown_by(tshark, path, "icmpv6.type == 128", *TOLD)) > FEW


def test_linux_refuses_our_frames_once_more(kernel: Kernel) -> None:
    told = kernel.told("linux_refuses")
    assert told["before"] == told["after"] == FEW
    assert (told["replayed"], told["answered"]) == (FEW, 0)


def test_linux_refuses_our_frames_with_a_wrong_mic(kernel: Kernel) -> None:
    assert kernel.told("linux_refuses")["spoilt, unanswered"] == 2


def test_we_drop_and_count_linuxs_frames_once_more(kernel: Kernel) -> None:
    told = kernel.told("we_refuse")
    answers, dropped = told["replayed"]
    assert (told["answered"], answers) == (FEW, 0)
    assert dropped["replayed"] >= FEW - 1  # the last one may still be a retransmission
    assert dropped["replayed"] + dropped.get("duplicate", 0) == FEW


@pytest.mark.parametrize(
    ("sent", "dropped"),
    [
        ("spoilt", {"MIC bad": FEW}),
        ("later", {"MIC bad": FEW}),
        ("in clear", {"unsecured": FEW}),
    ],
)
def test_we_drop_and_count_what_is_not_linuxs(kernel: Kernel, sent: str, dropped: object) -> None:
    assert kernel.told("we_refuse")[sent] == [0, dropped]


def test_what_is_right_is_answered_afterwards(kernel: Kernel) -> None:
    assert kernel.told("we_refuse")["right"] == [1, {}]
