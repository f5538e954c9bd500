from io import BytesIO

import pytest

from lowpan.capture.reader import open_records
from lowpan.capture.record import Record
from lowpan.capture.writer import open_writer
from lowpan.errors import RadioClosed, RadioError
from lowpan.radio import (
    Fcs,
    Happening,
    RadioNotice,
    RadioSettings,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    TransmitStatus,
)
from lowpan_radios.tee import Tee
from tests.peers.air import AirRadio

HEARD = ReceivedFrame(
    b"\x02\x00\x07", Fcs.ABSENT, time_ns=1_700_000_000_000_000_001, channel=15, page=0, rssi=-71.0
)
LATER = 1_700_000_000_000_000_500
SENT = bytes.fromhex("618807cdab02000100")


def written(file: BytesIO) -> list[Record]:
    file.seek(0)
    return list(open_records(file))


async def test_times_never_go_back_though_outcomes_are_known_late() -> None:
    file, inner = BytesIO(), AirRadio()
    late = HEARD.time_ns or 0
    inner.outcomes = [TransmitOutcome(status=TransmitStatus.SUCCESS, time_ns=late + 900)]
    with open_writer(file) as writer:
        radio = Tee(inner, writer)
        await radio.transmit(SENT)
        inner.hear(HEARD)
        given = await radio.receive()
    assert given.time_ns == late
    assert [record.time_ns for record in written(file)] == [late + 900, late + 900]


async def test_everything_heard_and_sent_is_given_on_and_written() -> None:
    file, inner = BytesIO(), AirRadio()
    ack = ReceivedFrame(b"\x02\x00\x07", Fcs.ABSENT, channel=20, page=0, time_ns=LATER)
    inner.outcomes = [
        TransmitOutcome(status=TransmitStatus.SUCCESS, ack=ack, transmissions=2, time_ns=LATER),
        TransmitOutcome(status=TransmitStatus.NO_ACK, transmissions=4, reason="as it says"),
    ]
    with open_writer(file) as writer:
        async with Tee(inner, writer) as radio:
            await radio.configure(RadioSettings(channel=20))
            inner.happen(Happening.RESET, "watchdog")
            inner.hear(HEARD)
            notice = await radio.next_event()
            assert isinstance(notice, RadioNotice)
            assert await radio.receive() is HEARD
            outcome = await radio.transmit(SENT)
            assert outcome.ack is ack
            assert inner.on_air == [(20, SENT)]
            outcome = await radio.transmit(SENT, TransmitParameters(channel=25))
            assert outcome.status is TransmitStatus.NO_ACK
    records = written(file)
    frames = [record.interface.frame_of(record) for record in records]
    assert frames[0] == HEARD
    assert [frame.psdu for frame in frames] == [HEARD.psdu, SENT, ack.psdu, SENT]
    assert [frame.channel for frame in frames] == [15, 20, 20, 25]
    assert frames[1].time_ns == LATER
    comments = [" | ".join(record.comments) for record in records]
    assert comments[0] == "reset: watchdog"
    assert comments[1].startswith("transmitted: success, acknowledged, 2 times, ")
    assert comments[2] == ""
    assert comments[3].startswith("transmitted: no ack, 4 times, ")
    assert comments[3].endswith(", as it says")


async def test_it_is_the_radio_inside() -> None:
    inner = AirRadio()
    inner.energies[13] = -40.0
    with open_writer(BytesIO()) as writer:
        radio = Tee(inner, writer)
        assert (radio.uri, radio.description) == (inner.uri, inner.description)
        assert (radio.capabilities, radio.channels) == (inner.capabilities, inner.channels)
        assert radio.statistics is inner.statistics
        await radio.configure(RadioSettings(channel=13))
        assert radio.settings == inner.settings == RadioSettings(channel=13)
        assert await radio.measure_energy(13, 1) == -40.0
        await radio.close()
        with pytest.raises(RadioClosed):
            await inner.receive()
        with pytest.raises(RadioClosed):
            await radio.receive()


class Full(BytesIO):
    name = "full"
    full = False

    def write(self, octets: object, /) -> int:
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(octets)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def test_a_full_disk_is_told() -> None:
    file, inner = Full(), AirRadio()
    writer = open_writer(file, flush_each=True)
    async with Tee(inner, writer) as radio:
        inner.hear(HEARD)
        file.full = True
        with pytest.raises(RadioError, match="No space left") as told:
            await radio.receive()
        assert str(told.value).startswith("air:: ")
        assert told.value.cure


async def test_notices_without_a_frame_are_bounded() -> None:
    file, inner = BytesIO(), AirRadio()
    with open_writer(file) as writer:
        async with Tee(inner, writer) as radio:
            for number in range(1000):
                inner.happen(Happening.SAID, str(number))
                await radio.next_event()
            inner.hear(HEARD)
            await radio.receive()
    (record,) = written(file)
    assert record.comments == tuple(f"said: {number}" for number in range(936, 1000))
