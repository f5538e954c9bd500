"""What the driver of radio co-processors tells the radio of its settings."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from lowpan.errors import FieldOutOfRange, RadioError
from lowpan.radio import RadioSettings
from lowpan_radios.rcp_requests import RadioRefused
from lowpan_radios.spinel_names import Command, Property, Status
from tests.peers.rcp import RcpDouble, rcp_on_pty
from tests.radios.rcp_opened import opened, settings_told


@pytest.fixture
async def double() -> AsyncGenerator[RcpDouble]:
    async with rcp_on_pty() as double:
        yield double


async def test_settings_are_told_and_only_what_changes(double: RcpDouble) -> None:
    address = bytes.fromhex("0211223344556677")
    async with opened(double) as radio:
        double.asked.clear()
        settings = RadioSettings(
            channel=20,
            promiscuous=False,
            pan_id=0xFACE,
            short_address=0x1234,
            extended_address=address,
            transmit_power=-3,
            ack_pending=True,
        )
        await radio.configure(settings)
        told = double.properties
        assert told[Property.MAC_15_4_PANID].hex() == "cefa"
        assert told[Property.MAC_15_4_SADDR].hex() == "3412"
        assert told[Property.MAC_15_4_LADDR] == address
        assert told[Property.PHY_TX_POWER] == b"\xfd"
        assert told[Property.MAC_SRC_MATCH_ENABLED] == b"\0"
        assert double.channel == 20
        double.asked.clear()
        await radio.configure(replace(settings, channel=21, transmit_power=None))
        assert settings_told(double) == [Property.PHY_TX_POWER, Property.PHY_CHAN]
        assert told[Property.PHY_TX_POWER] == b"\0"  # as it was found


async def test_a_channel_that_is_not_read_back_is_an_error_and_the_old_settings_hold(
    double: RcpDouble,
) -> None:
    async with opened(double) as radio:
        double.faults.tuned_to = 11
        with pytest.raises(RadioError, match="set to channel 15"):
            await radio.configure(RadioSettings(channel=15, pan_id=0x1234))
        assert radio.settings == RadioSettings()
        assert double.channel == 11
        assert double.properties[Property.MAC_15_4_PANID] == b"\xff\xff"


async def test_settings_out_of_range_are_refused(double: RcpDouble) -> None:
    async with opened(double) as radio:
        for wrong in (
            RadioSettings(pan_id=0x10000),
            RadioSettings(short_address=-1),
            RadioSettings(extended_address=b"123"),
            RadioSettings(transmit_power=127),
        ):
            with pytest.raises(FieldOutOfRange):
                await radio.configure(wrong)
        with pytest.raises(RadioError, match="page 2"):
            await radio.configure(RadioSettings(page=2))


def waiting_for(*senders: str) -> RadioSettings:
    """Return settings of a radio whose acknowledgements tell these senders that frames wait."""
    return RadioSettings(source_match=frozenset(map(bytes.fromhex, senders)))


async def test_the_source_match_table_is_told_by_differences(double: RcpDouble) -> None:
    short, extended = (
        Property.MAC_SRC_MATCH_SHORT_ADDRESSES,
        Property.MAC_SRC_MATCH_EXTENDED_ADDRESSES,
    )
    child = "02aabbccdd000001"
    async with opened(double) as radio:
        await radio.configure(waiting_for("0001", "5678", "0009", child))
        assert double.lists[short] == {b"\1\0", b"\x78\x56", b"\x09\0"}
        assert double.lists[extended] == {bytes.fromhex(child)}
        assert double.properties[Property.MAC_SRC_MATCH_ENABLED] == b"\1"
        double.asked.clear()
        await radio.configure(waiting_for("5678", "0009", "0002"))
        told = sorted((message.command, message.property) for message in double.asked)
        assert told == [
            (Command.PROP_VALUE_INSERT, short),
            (Command.PROP_VALUE_REMOVE, short),
            (Command.PROP_VALUE_REMOVE, extended),
        ]
        assert double.lists[short] == {b"\2\0", b"\x78\x56", b"\x09\0"}
        assert double.lists[extended] == set()
        double.asked.clear()
        await radio.configure(waiting_for("5678", "0009", "0002"))
        assert double.asked == []
        await radio.configure(RadioSettings(ack_pending=True))  # the lists are for nothing now
        assert double.lists[short] == set()
        assert double.properties[Property.MAC_SRC_MATCH_ENABLED] == b"\0"
        with pytest.raises(FieldOutOfRange):
            await radio.configure(waiting_for("010203"))


async def test_a_full_source_match_table_tells_everybody_that_frames_wait(
    double: RcpDouble,
) -> None:
    short, enabled = Property.MAC_SRC_MATCH_SHORT_ADDRESSES, Property.MAC_SRC_MATCH_ENABLED
    async with opened(double) as radio:
        await radio.configure(waiting_for("0001"))
        double.faults.refuses[short] = Status.NOMEM
        await radio.configure(waiting_for("0001", "0002"))
        assert double.properties[enabled] == b"\0"
        double.faults.refuses.clear()
        await radio.configure(waiting_for("0002"))  # what it had is not known any more
        assert double.lists[short] == {b"\2\0"}
        assert double.properties[enabled] == b"\1"
        double.faults.refuses[short] = Status.INVALID_ARGUMENT
        with pytest.raises(RadioRefused, match="INVALID_ARGUMENT"):
            await radio.configure(waiting_for("0003"))
        assert radio.settings == waiting_for("0002")


@pytest.mark.parametrize(
    ("changed", "requests"),
    [({}, 0), ({"pan_id": 0x1234}, 1), ({"ack_pending": True}, 1), ({"channel": 15}, 2)],
)
async def test_only_what_has_changed_is_told(
    double: RcpDouble, changed: dict[str, int], requests: int
) -> None:
    async with opened(double) as radio:
        double.asked.clear()
        settings = RadioSettings()
        await radio.configure(replace(settings, **changed))  # type: ignore[arg-type]
        assert len(double.asked) == requests
