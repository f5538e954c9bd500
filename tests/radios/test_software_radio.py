import asyncio
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter_ns, time_ns

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import MalformedFrame, RadioClosed, RadioError
from lowpan.mac.acknowledging import awaited_ack
from lowpan.radio import (
    Fcs,
    RadioNotice,
    RadioSettings,
    ReceivedFrame,
    TransmitParameters,
    TransmitStatus,
    parse_radio_uri,
)
from lowpan.wire.ieee802154 import Frame, decode_frame
from lowpan_radios.software_radio import SoftwareRadio
from tests.radios.contract_parts import until

OURS = bytes.fromhex("0011223344556677")
ADDRESSES = RadioSettings(
    promiscuous=False, pan_id=0xABCD, short_address=0x0002, extended_address=OURS
)
EXTENDED = OURS[::-1].hex()


class OnDesk(SoftwareRadio):
    """A radio whose air is a list."""

    answer: Callable[[bytes], None] | None = None
    """Is called soon after each frame that it sends."""

    def __init__(self, settings: RadioSettings = ADDRESSES, parameters: str = "") -> None:
        uri = parse_radio_uri(f"desk:?ack_wait_us=0&ack_timeout_ms=20{parameters}")
        super().__init__(uri, "on the desk", settings=settings)
        self.sent = list[tuple[int, bytes]]()
        self.sent_at_ns = list[int]()
        self.broken = False

    def _send(self, psdu: bytes, channel: int) -> None:
        if self.broken:
            raise RadioError("desk: broken", "mend it")
        self.sent_at_ns.append(perf_counter_ns())
        self.sent.append((channel, psdu))
        if self.answer is not None:
            asyncio.get_running_loop().call_soon(self.answer, psdu)

    def hear(self, psdu: str | bytes, *, fcs: Fcs = Fcs.GOOD, channel: int = 11) -> ReceivedFrame:
        octets = bytes.fromhex(psdu) if isinstance(psdu, str) else psdu
        frame = ReceivedFrame(octets, fcs, channel=channel)
        self._heard(frame)
        return frame

    def hear_late(self, psdu: str, arrived_ns: int) -> None:
        self._heard(ReceivedFrame(bytes.fromhex(psdu), Fcs.GOOD, channel=11), arrived_ns)


# Filtering

FOR_US = {
    "data to our short address": "4188 01 cdab 0200 0100",
    "data to our short address in any PAN": "4188 01 ffff 0200 0100",
    "data to everybody": "4188 01 cdab ffff 0100",
    "data to our extended address": f"418c 01 cdab {EXTENDED} 0100",
    "beacon of our PAN": "0080 01 cdab 0000 ff4f0000",
    "beacon of any PAN": "0080 01 ffff 0000 ff4f0000",
    "beacon request": "0308 01 ffff ffff 07",
    "version 2, to all of our PAN": "4120 01 cdab",
    "version 2, to our extended address without PAN ID": f"41ec 01 {EXTENDED} 0102030405060708",
    "multipurpose, short control": "25 01 0200",
    "multipurpose, with our PAN ID": "2d01 01 cdab 0200",
}
FOR_OTHERS = {
    "data to another short address": "4188 01 cdab 0300 0100",
    "data in another PAN": "4188 01 cdac 0200 0100",
    "data to another extended address": "418c 01 cdab 1122334455667788 0100",
    "beacon of another PAN": "0080 01 cdac 0000 ff4f0000",
    "data without a destination": "0180 01 cdab 0100",
    "version 2, to all of another PAN": "4120 01 cdac",
    "acknowledgement": "0200 01",
    "multipurpose in another PAN": "2d01 01 cdac 0200",
    "reserved type": "0400 01",
    "reserved version": "4138 01 cdab 0200",
    "cut off": "4188 01 cdab 02",
    "nothing": "",
}


@pytest.mark.parametrize("psdu", FOR_US.values(), ids=FOR_US)
def test_what_is_for_us_is_given_on(psdu: str) -> None:
    radio = OnDesk()
    radio.hear(psdu)
    assert (radio.statistics.frames, radio.statistics.filtered) == (1, 0)


@pytest.mark.parametrize("psdu", FOR_OTHERS.values(), ids=FOR_OTHERS)
def test_what_is_for_others_is_left_out_and_counted(psdu: str) -> None:
    radio = OnDesk()
    radio.hear(psdu)
    assert (radio.statistics.frames, radio.statistics.filtered) == (0, 1)
    assert radio.sent == []


def test_who_has_no_short_address_does_not_answer_to_it() -> None:
    for none in (0xFFFE, 0xFFFF):
        radio = OnDesk(replace(ADDRESSES, short_address=none))
        radio.hear(f"6188 01 cdab {none.to_bytes(2, 'little').hex()} 0100")
        assert radio.sent == []
        assert radio.statistics.frames == (none == 0xFFFF)


def test_who_has_no_pan_hears_the_beacons_of_all() -> None:
    radio = OnDesk(replace(ADDRESSES, pan_id=0xFFFF))
    radio.hear("0080 01 cdac 0000 ff4f0000")
    assert radio.statistics.frames == 1


def test_a_frame_with_a_bad_fcs_is_neither_given_on_nor_acknowledged() -> None:
    radio = OnDesk()
    radio.hear("6188 01 cdab 0200 0100", fcs=Fcs.BAD)
    assert radio.statistics.bad_fcs == radio.statistics.filtered == 1
    assert radio.sent == []


def test_who_is_promiscuous_gives_all_on_and_acknowledges_none() -> None:
    radio = OnDesk(replace(ADDRESSES, promiscuous=True))
    for psdu in (*FOR_US.values(), *FOR_OTHERS.values(), "6188 01 cdab 0200 0100"):
        radio.hear(psdu)
    assert radio.statistics.frames == len(FOR_US) + len(FOR_OTHERS) + 1
    assert radio.sent == []


async def test_the_filter_follows_the_settings() -> None:
    radio = OnDesk()
    await radio.configure(replace(ADDRESSES, short_address=3, channel=20))
    radio.hear("6188 01 cdab 0300 0100", channel=20)
    assert radio.sent == [(20, b"\x02\x00\x01")]


# Acknowledging

ACKS = {
    "version 0": ("6188 2a cdab 0200 0100", "0200 2a"),
    "version 1, extended": (f"619c 2a cdab {EXTENDED} 0100", "0200 2a"),
    "command": ("6388 2a cdab 0200 0100 01", "0200 2a"),
    "secured, version 1": ("6998 2a cdab 0200 0100 0d 01000000 01 00 00000000", "0200 2a"),
    "version 2, short": ("61a8 2a cdab 0200 0100", "0228 2a cdab 0100"),
    "version 2, source PAN": ("21a8 2a cdab 0200 beba 0100", "0228 2a beba 0100"),
    "version 2, two extended addresses": (
        f"61ec 2a {EXTENDED} 0102030405060708",
        "422c 2a 0102030405060708",
    ),
    "version 2, without a number": ("61a9 cdab 0200 0100", "0229 cdab 0100"),
}
NO_ACKS = {
    "not asked for": "4188 2a cdab 0200 0100",
    "to everybody": "6188 2a cdab ffff 0100",
    "secured, version 2": "69a8 2a cdab 0200 0100 0d 01000000 01 00 00000000",
    "version 2, nobody sent it": "2128 2a cdab 0200",
}


@pytest.mark.parametrize(("psdu", "ack"), ACKS.values(), ids=ACKS)
def test_a_frame_to_us_is_acknowledged(psdu: str, ack: str) -> None:
    radio = OnDesk()
    radio.hear(psdu)
    assert [(channel, octets.hex(" ")) for channel, octets in radio.sent] == [
        (11, bytes.fromhex(ack).hex(" "))
    ]
    assert isinstance(decode_frame(radio.sent[0][1]), Frame)
    assert radio.statistics.frames == 1


@pytest.mark.parametrize("psdu", NO_ACKS.values(), ids=NO_ACKS)
def test_others_are_not_acknowledged(psdu: str) -> None:
    radio = OnDesk()
    radio.hear(psdu)
    assert radio.sent == []
    assert radio.statistics.frames == 1


@pytest.mark.parametrize("psdu", ["6388 2a cdab 0200 0100 04", "63a8 2a cdab 0200 0100 04"])
def test_data_requests_are_told_that_more_waits(psdu: str) -> None:
    radio = OnDesk(replace(ADDRESSES, ack_pending=True))
    assert radio.hear(psdu).acked_with_pending
    assert radio.sent[0][1][0] & 0x10
    assert not radio.hear("6188 2a cdab 0200 0100").acked_with_pending
    assert not radio.sent[1][1][0] & 0x10


def test_only_senders_of_the_source_match_table_are_told_that_more_waits() -> None:
    waits = frozenset([b"\x00\x01", bytes.fromhex("0102030405060708")])
    radio = OnDesk(replace(ADDRESSES, ack_pending=True, source_match=waits))
    told = [
        radio.hear(f"63{control} 2a cdab 0200 {sender} 04").acked_with_pending
        for control, sender in (
            ("88", "0100"),
            ("88", "0300"),
            ("c8", "0807060504030201"),
            ("c8", "0807060504030202"),
            ("a8", "0100"),
        )
    ]
    assert told == [True, False, True, False, True]
    assert [bool(ack[0] & 0x10) for _, ack in radio.sent] == told
    none = OnDesk(replace(ADDRESSES, ack_pending=True, source_match=frozenset()))
    assert not none.hear("6388 2a cdab 0200 0100 04").acked_with_pending


def test_who_has_the_keys_acknowledges_secured_frames() -> None:
    radio = OnDesk()
    seen = list[bytes]()

    def secured(_: Frame, psdu: bytes) -> bytes:
        seen.append(psdu)
        return b"\x0a\x2a\x2a"

    radio.acknowledge_secured = secured
    radio.hear(NO_ACKS["secured, version 2"])
    assert seen == [bytes.fromhex(NO_ACKS["secured, version 2"])]
    assert radio.sent == [(11, b"\x0a\x2a\x2a")]


async def test_an_acknowledgement_that_cannot_be_sent_is_told() -> None:
    radio = OnDesk()
    radio.broken = True
    radio.hear("6188 2a cdab 0200 0100")
    notice = await radio.next_event()
    assert isinstance(notice, RadioNotice)
    assert "broken" in notice.text
    assert (await radio.receive()).psdu == bytes.fromhex("6188 2a cdab 0200 0100")


def test_the_acknowledgement_waits_as_long_as_it_is_told() -> None:
    radio = OnDesk(parameters="&ack_wait_us=700")
    begin = perf_counter_ns()
    radio.hear("6188 2a cdab 0200 0100")
    assert radio.sent_at_ns[0] - begin >= 700_000


def test_the_wait_counts_from_the_arrival() -> None:
    radio = OnDesk(parameters="&ack_wait_us=2000")
    delays = list[int]()
    for _ in range(5):
        begin = perf_counter_ns()
        radio.hear_late("6188 2a cdab 0200 0100", time_ns() - 5_000_000)
        delays.append(radio.sent_at_ns[-1] - begin)
    assert min(delays) < 1_000_000  # long since due: not waited for


def test_a_clock_set_back_makes_no_longer_wait() -> None:
    radio = OnDesk(parameters="&ack_wait_us=100")
    begin = perf_counter_ns()
    radio.hear_late("6188 2a cdab 0200 0100", time_ns() + 3_600_000_000_000)
    assert perf_counter_ns() - begin < 1_000_000_000


@given(st.binary(max_size=140), st.booleans())
def test_any_octets_are_a_frame_or_filtered(psdu: bytes, promiscuous: bool) -> None:
    radio = OnDesk(replace(ADDRESSES, promiscuous=promiscuous))
    radio.hear(psdu)
    assert radio.statistics.frames + radio.statistics.filtered == 1
    assert radio.statistics.frames or not radio.sent


# Sending

PLAIN = bytes.fromhex("4188 2a cdab 0300 0200")
ASKING = bytes.fromhex("6188 2a cdab 0300 0200")
ASKING_V2 = bytes.fromhex("61a8 2a cdab 0300 0200")


async def test_a_frame_that_asks_for_nothing_is_sent_once() -> None:
    radio = OnDesk()
    outcome = await radio.transmit(PLAIN, TransmitParameters(channel=25))
    assert (outcome.status, outcome.transmissions) == (TransmitStatus.SUCCESS, 1)
    assert radio.sent == [(25, PLAIN)]


ANSWERS = [
    (ASKING, "0200 2a", Fcs.GOOD, 11, True),
    (ASKING, "1210 2a", Fcs.ABSENT, 11, True),
    (ASKING, "0200 2b", Fcs.GOOD, 11, False),
    (ASKING, "0200 2a", Fcs.BAD, 11, False),
    (ASKING, "0200 2a", Fcs.GOOD, 12, False),
    (ASKING, "4188 2a", Fcs.GOOD, 11, False),
    (ASKING, "02", Fcs.GOOD, 11, False),
    (ASKING_V2, "0228 2a cdab 0200", Fcs.GOOD, 11, True),
    (ASKING_V2, "0220 2a", Fcs.GOOD, 11, True),
    (ASKING_V2, "0228 2a cdab 0900", Fcs.GOOD, 11, False),
    (ASKING_V2, "0228 2a cd", Fcs.GOOD, 11, False),
    (bytes.fromhex("61a9 cdab 0300 0200"), "0229 cdab 0200", Fcs.GOOD, 11, True),
    (bytes.fromhex("61a9 cdab 0300 0200"), "0221 00", Fcs.GOOD, 11, False),
]


@pytest.mark.parametrize(("frame", "answer", "fcs", "channel", "is_ack"), ANSWERS)
async def test_only_the_right_acknowledgement_counts(
    frame: bytes, answer: str, fcs: Fcs, channel: int, is_ack: bool
) -> None:
    radio = OnDesk()
    radio.answer = lambda _: void(radio.hear(answer, fcs=fcs, channel=channel))
    outcome = await radio.transmit(frame, TransmitParameters(max_frame_retries=1))
    if is_ack:
        assert (outcome.status, outcome.transmissions) == (TransmitStatus.SUCCESS, 1)
        assert outcome.ack is not None
        assert outcome.ack.psdu == bytes.fromhex(answer)
    else:
        assert (outcome.status, outcome.transmissions) == (TransmitStatus.NO_ACK, 2)
        assert outcome.ack is None


async def test_it_repeats_until_it_is_acknowledged() -> None:
    radio = OnDesk()

    def answer(_: bytes) -> None:
        if len(radio.sent) == 3:
            radio.hear("0200 2a")

    radio.answer = answer
    outcome = await radio.transmit(ASKING)
    assert (outcome.status, outcome.transmissions) == (TransmitStatus.SUCCESS, 3)
    assert radio.sent == [(11, ASKING)] * 3


async def test_a_channel_that_it_has_not_is_refused() -> None:
    radio = OnDesk()
    with pytest.raises(RadioError, match="no channel 10"):
        await radio.transmit(PLAIN, TransmitParameters(channel=10))
    assert radio.sent == []


async def test_closing_ends_the_wait_for_an_acknowledgement() -> None:
    radio = OnDesk(parameters="&ack_timeout_ms=10000")
    sending = asyncio.create_task(radio.transmit(ASKING))
    await until(lambda: bool(radio.sent))
    await radio.close()
    async with asyncio.timeout(5):
        with pytest.raises(RadioClosed):
            await sending


async def test_cancelling_ends_the_wait_for_an_acknowledgement() -> None:
    radio = OnDesk(parameters="&ack_timeout_ms=10000")
    sending = asyncio.create_task(radio.transmit(ASKING))
    await until(lambda: bool(radio.sent))
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    radio.hear("0200 2a")  # nobody waits any more
    assert (await radio.transmit(PLAIN)).status is TransmitStatus.SUCCESS


@given(st.binary(min_size=3, max_size=125))
def test_any_frame_can_be_sent_and_is_answered_by_what_we_would_answer(psdu: bytes) -> None:
    ack = awaited_ack(psdu)
    try:
        frame = decode_frame(psdu)
    except MalformedFrame:
        return
    if not isinstance(frame, Frame) or not frame.destination:
        return
    pan_id = frame.destination_pan_id
    address = frame.destination
    settings = replace(ADDRESSES, pan_id=0xABCD if pan_id is None else pan_id)
    if len(address) == 2:
        settings = replace(settings, short_address=int.from_bytes(address, "big"))
    else:
        settings = replace(settings, extended_address=address)
    receiver = OnDesk(settings)
    receiver.hear(psdu)
    for _, answer in receiver.sent:
        assert ack is not None
        assert ack.is_in(answer)


def void(_: object) -> None:
    """Take a value and give none."""
