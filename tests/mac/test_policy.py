"""Which frames must be protected, and how well."""

from dataclasses import replace

import pytest

from lowpan.errors import FieldOutOfRange, SecurityError
from lowpan.mac.policy import SecurityPolicy, command_of, is_at_least
from lowpan.wire.header_ies import ElementId, HeaderIe
from lowpan.wire.ieee802154 import FrameType
from tests.mac.secured import ALICE, BOB, data

LEVELS = range(8)
AT_LEAST = {  # minimum: levels that are as good
    0: {0, 1, 2, 3, 4, 5, 6, 7},
    1: {1, 2, 3, 5, 6, 7},
    2: {2, 3, 6, 7},
    3: {3, 7},
    5: {5, 6, 7},
    6: {6, 7},
    7: {7},
}


@pytest.mark.parametrize("minimum", AT_LEAST)
def test_level_is_as_good_if_it_hides_and_proves_as_much(minimum: int) -> None:
    assert {level for level in LEVELS if is_at_least(level, minimum)} == AT_LEAST[minimum]


def test_attack_22_in_clear_only_beacons_and_acknowledgments_pass_by_default() -> None:
    policy = SecurityPolicy.for_level(5)
    assert {kind for kind in range(8) if policy.allows(kind, 0)} == {
        FrameType.BEACON,
        FrameType.ACKNOWLEDGMENT,
    }
    for command in range(256):
        frame = data(ALICE, BOB, bytes([command]), frame_type=3)
        assert not policy.allows_in_clear(frame)


IN_CLEAR: list[tuple[dict[str, bool], set[int]]] = [
    ({}, set()),
    ({"beacon_requests_in_clear": True}, {7}),
    ({"joining_in_clear": True}, {1, 2, 4}),
    ({"beacon_requests_in_clear": True, "joining_in_clear": True}, {1, 2, 4, 7}),
]


@pytest.mark.parametrize(("options", "commands"), IN_CLEAR)
def test_options_let_some_commands_pass_in_clear(
    options: dict[str, bool], commands: set[int]
) -> None:
    policy = SecurityPolicy.for_level(5, **options)
    passed = {
        command
        for command in range(256)
        if policy.allows_in_clear(data(ALICE, BOB, bytes([command]), frame_type=3))
    }
    assert passed == commands
    assert not policy.allows_in_clear(data(ALICE, BOB, b"\x07"))
    assert not policy.allows(FrameType.MAC_COMMAND, 1)


def test_beacons_too_can_be_asked_to_be_secured() -> None:
    policy = SecurityPolicy.for_level(2, beacons_in_clear=False)
    assert [policy.allows(FrameType.BEACON, level) for level in (0, 1, 2, 6)] == [
        *(False, False, True, True)
    ]


@pytest.mark.parametrize("level", [0, 4, 8, -1])
def test_level_without_mic_is_no_policy(level: int) -> None:
    with pytest.raises((SecurityError, FieldOutOfRange)):
        SecurityPolicy.for_level(level)


def test_type_that_is_not_in_the_table_is_not_taken() -> None:
    policy = SecurityPolicy({FrameType.DATA: 0})
    assert not policy.allows(FrameType.MAC_COMMAND, 7)
    assert policy.allows(FrameType.DATA, 0)


def test_command_is_found_behind_payload_ies() -> None:
    frame = data(ALICE, BOB, bytes.fromhex("00f8 07"), frame_type=3)  # payload termination
    ies = (HeaderIe(ElementId.HEADER_TERMINATION_1),)
    assert command_of(replace(frame, header_ies=ies)) == 7
    assert command_of(frame) == 0
    assert command_of(data(ALICE, BOB, b"", frame_type=3)) is None
    assert command_of(replace(frame, header_ies=ies, payload=b"\xff")) is None
