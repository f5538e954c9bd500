"""TI SmartRF Packet Sniffer 2: its messages, the traps of its firmwares, the driver's contract."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan import RadioError
from lowpan.radio import Fcs, Happening, RadioSettings, open_radio
from lowpan.wire.fcs import append_fcs16
from lowpan_radios.ti import TiRadio
from lowpan_radios.ti_format import (
    FREQUENCY,
    PING_RESPONSE,
    SNIFFED_PACKET,
    SUREST,
    BodyForm,
    Frequency,
    Info,
    PingResponse,
    SniffedPacket,
    TiMessage,
    TiStream,
    encode_message,
)
from tests.peers.ti import DOCUMENTED, TiFirmware, TiSniffer
from tests.radios.contract import RadioContract
from tests.radios.contract_parts import (
    data_frame,
    frames_of,
    hear_all,
    heard_frame,
    notice_of,
    until,
)


class TestTi(RadioContract):
    transmits = False

    @pytest.fixture
    async def counterpart(self) -> AsyncIterator[TiSniffer]:
        async with TiSniffer() as sniffer:
            yield sniffer


# Messages

VECTORS = {  # by hand, from the tables of the guide
    "40 53 40 00 00 40 40 45": TiMessage(Info.PING, b""),
    "40 53 47 01 00 12 5a 40 45": TiMessage(Info.CFG_PHY, b"\x12"),
    "40 53 45 04 00 65 09 00 00 b7 40 45": TiMessage(Info.CFG_FREQUENCY, b"\x65\x09\0\0"),
    "40 53 80 01 00 04 85 40 45": TiMessage(Info.RESPONSE, b"\x04"),
}


@pytest.mark.parametrize(("octets", "message"), VECTORS.items())
def test_a_message_is_read_and_written(octets: str, message: TiMessage) -> None:
    assert encode_message(message) == bytes.fromhex(octets)
    assert TiStream().take(bytes.fromhex(octets)) == [message]


def test_formats_are_as_documented() -> None:
    assert FREQUENCY.encode(Frequency(2405)) == b"\x65\x09\0\0"
    who = PingResponse(0, 0x5313, 0x21, 0x50, 0xA1)
    assert PING_RESPONSE.decode(bytes.fromhex("00 13 53 21 50 a1 00")) == who
    packet = SniffedPacket(0x605040302010, b"\x02\x00\x07", -61, 0x80)
    assert SNIFFED_PACKET.encode(packet).hex(" ") == "10 20 30 40 50 60 02 00 07 c3 80"
    assert SNIFFED_PACKET.decode(SNIFFED_PACKET.encode(packet)) == packet


PING = encode_message(TiMessage(Info.PING, b""))


@pytest.mark.parametrize(
    "before",
    [b"", b"@", b"@@", b"@S", b"@S\xc0", b"@S\xc0\x02\x00", b"@S\xc0\xff\xff", b"garbage@S@E"],
)
def test_a_message_is_found_behind_anything(before: bytes) -> None:
    stream = TiStream()
    assert stream.take(before + PING + PING)[-1] == TiMessage(Info.PING, b"")
    assert stream.garbage == len(before)


@pytest.mark.parametrize("payload", [b"", b"\x40", b"\x40\x45", b"\x40\x40\x45", b"\x45"])
@pytest.mark.parametrize("info", [0x00, 0x40, 0x80, 0xC0])
@pytest.mark.parametrize("check", [True, False])
def test_end_marks_and_check_octets_are_told_apart(payload: bytes, info: int, check: bool) -> None:
    message = TiMessage(info, payload)
    octets = encode_message(message, check=check)
    assert TiStream().take(octets + PING) == [message, TiMessage(Info.PING, b"")]


def test_a_wrong_check_octet_is_damage() -> None:
    stream = TiStream()
    octets = bytearray(encode_message(TiMessage(Info.RESPONSE, b"\x00")))
    octets[5] ^= 1
    assert stream.take(bytes(octets) + PING) == [TiMessage(Info.PING, b"")]
    assert (stream.damaged, stream.garbage) == (1, 0)


def unchecked(message: TiMessage) -> bytes:
    return encode_message(message, check=False)


def cut(message: TiMessage) -> bytes:
    return encode_message(message)[: 4 + len(message.payload) // 2]


MESSAGES = st.builds(TiMessage, st.integers(0, 255), st.binary(max_size=20))
STREAMS = st.lists(
    st.one_of(
        MESSAGES.map(encode_message),
        MESSAGES.map(unchecked),
        MESSAGES.map(cut),
        st.binary(max_size=30),
        st.sampled_from([b"@S", b"@E", b"@", b"@S\xc0\x00\x01"]),
    ),
    max_size=8,
).map(b"".join)


@given(STREAMS, st.integers(1, 40))
def test_blocks_of_any_size_give_the_same(octets: bytes, size: int) -> None:
    whole, parts = TiStream(), TiStream()
    found = [
        message
        for at in range(0, len(octets), size)
        for message in parts.take(octets[at : at + size])
    ]
    assert found == whole.take(octets)
    assert (parts.garbage, parts.damaged) == (whole.garbage, whole.damaged)


@given(MESSAGES, st.booleans())
def test_a_message_comes_back(message: TiMessage, check: bool) -> None:
    assert TiStream().take(encode_message(message, check=check)) == [message]


@given(STREAMS)
def test_frames_are_heard_again_after_anything(octets: bytes) -> None:
    stream = TiStream()
    assert stream.take(octets + PING * 40)[-1] == TiMessage(Info.PING, b"")


# Layout of a frame

PSDU = data_frame(7)
FORMS = {
    "documented": PSDU,
    "with FCS": append_fcs16(PSDU),
    "found": bytes([len(PSDU) + 2]) + append_fcs16(PSDU),
    "found without FCS": bytes([len(PSDU) + 2]) + PSDU,
}


@pytest.mark.parametrize("form", FORMS)
def test_the_layout_of_a_frame_is_learnt(form: str) -> None:
    forms, body = BodyForm(), FORMS[form]
    for _ in range(3):
        psdu, octets, fcs = forms.split(body, good=True)
        assert (psdu, fcs) == (PSDU, Fcs.GOOD)
        assert octets == (append_fcs16(PSDU)[-2:] if "with FCS" in form or form == "found" else b"")
        assert forms.split(body, good=False)[::2] == (PSDU, Fcs.BAD)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("other", FORMS)
def test_one_coincidence_does_not_change_it_but_another_firmware_does(
    form: str, other: str
) -> None:
    forms = BodyForm()
    for _ in range(SUREST + 1):
        forms.split(FORMS[form], good=True)
    forms.split(FORMS[other], good=True)
    assert forms.split(FORMS[form], good=True)[0] == PSDU
    for _ in range(SUREST + 1):
        forms.split(FORMS[other], good=True)
    assert forms.split(FORMS[other], good=True)[0] == PSDU


def test_octets_changed_on_the_line_are_a_bad_fcs() -> None:
    forms = BodyForm()
    for _ in range(2):
        forms.split(FORMS["found"], good=True)
    body = bytearray(FORMS["found"])
    body[5] ^= 1
    assert forms.split(bytes(body), good=True)[2] is Fcs.BAD


@given(st.lists(st.tuples(st.binary(max_size=140), st.booleans()), max_size=10))
def test_any_octets_are_a_frame_and_perhaps_its_fcs(bodies: list[tuple[bytes, bool]]) -> None:
    forms = BodyForm()
    for body, good in bodies:
        psdu, octets, fcs = forms.split(body, good=good)
        assert body.endswith(psdu + octets)
        assert len(body) - len(psdu + octets) <= 1
        assert fcs is Fcs.BAD or good


# The driver

FRAME = heard_frame(1, 11)


@pytest.mark.parametrize(
    "firmware",
    [
        DOCUMENTED,
        TiFirmware(phys=(0x0D,), gives_fcs=False),
        TiFirmware(length_octet=False, checks_data=True),
        TiFirmware(repeats_answers=True),
        TiFirmware(ignores_first=1),
    ],
    ids=["documented", "CC1352R", "no length", "repeats", "no answer to the first STOP"],
)
async def test_every_firmware_is_heard(
    monkeypatch: pytest.MonkeyPatch, firmware: TiFirmware
) -> None:
    monkeypatch.setattr("lowpan_radios.ti.PING_SECONDS", 0.1)
    async with TiSniffer(firmware) as sniffer, await open_radio(sniffer.uri) as radio:
        await radio.configure(RadioSettings(channel=26))
        assert (sniffer.channel, sniffer.phy) == (26, firmware.phys[0])
        await hear_all(sniffer, [FRAME, replace(FRAME, fcs=Fcs.BAD)])
        first, second = await frames_of(radio, 2)
        assert (first.psdu, first.fcs, first.channel) == (data_frame(1), Fcs.GOOD, 26)
        assert (second.psdu, second.fcs) == (data_frame(1), Fcs.BAD)
        assert (first.rssi, first.lqi) == (FRAME.rssi, None)


async def test_the_phy_can_be_given() -> None:
    async with TiSniffer(TiFirmware(phys=(0x12, 0x09))) as sniffer:
        async with await open_radio(f"{sniffer.uri}?phy=9"):
            assert sniffer.phy == 9
        with pytest.raises(RadioError, match="refuses the PHY 0x33") as caught:
            await open_radio(f"{sniffer.uri}?phy=0x33")
        assert "?phy=" in caught.value.cure


@pytest.mark.parametrize("uri", ["{}", "{}?baudrate=3000000"])
async def test_nobody_answers_at_any_speed(monkeypatch: pytest.MonkeyPatch, uri: str) -> None:
    monkeypatch.setattr("lowpan_radios.ti.PING_SECONDS", 0.05)
    async with TiSniffer(TiFirmware(baudrate=115_200)) as sniffer:
        with pytest.raises(RadioError, match="nobody answers as a TI sniffer") as caught:
            await open_radio(uri.format(sniffer.uri))
        assert "baudrate" in caught.value.cure


async def test_a_refused_command_is_told() -> None:
    firmware = TiFirmware(refuses={Info.START})
    async with TiSniffer(firmware) as sniffer:
        with pytest.raises(RadioError, match="START refused: invalid state"):
            await open_radio(sniffer.uri)


async def test_a_firmware_that_falls_silent_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lowpan_radios.ti.COMMAND_SECONDS", 0.1)
    firmware = TiFirmware()
    async with TiSniffer(firmware) as sniffer, await open_radio(sniffer.uri) as radio:
        firmware.silent_to.add(Info.CFG_FREQUENCY)
        with pytest.raises(RadioError, match="no answer to CFG_FREQUENCY") as caught:
            await radio.configure(RadioSettings(channel=20))
        assert caught.value.cure
        assert radio.settings.channel == 11


async def test_errors_of_the_firmware_are_said_and_nonsense_is_damage() -> None:
    async with TiSniffer() as sniffer, await open_radio(sniffer.uri) as radio:
        for info, payload in [(Info.DATA, b"short"), (0x00, b""), (Info.ERROR, b"\x07")]:
            await sniffer.garbage(encode_message(TiMessage(info, payload), check=False))
        assert (await notice_of(radio, Happening.SAID)).text == "error 07"
        assert radio.statistics.damaged == 2


async def test_it_is_stopped_when_it_is_closed() -> None:
    async with TiSniffer() as sniffer:
        async with await open_radio(sniffer.uri) as radio:
            assert isinstance(radio, TiRadio)
            assert "chip 5313" in radio.description
        await until(lambda: sniffer.commands[-1] == Info.STOP)
