import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from lowpan.capture.reader import open_records
from lowpan.errors import RadioError
from lowpan.radio import (
    Fcs,
    RadioCapability,
    ReceivedFrame,
    TransmitOutcome,
    TransmitStatus,
)
from lowpan.wire.fcs import append_fcs16
from tests.cli.commands import ATTACH
from tests.cli.fake_radios import behind_air, command
from tests.peers.air import ALL, AirRadio

BEACON_REQUEST = "030801ffffffff07"
DATA = "61 88 07 cd ab 02 00 01 00"


@pytest.fixture
def radio(monkeypatch: pytest.MonkeyPatch) -> AirRadio:
    made = AirRadio()
    behind_air(monkeypatch, lambda: made)
    return made


def test_a_frame_is_sent_and_its_outcome_told(
    radio: AirRadio, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = command(capsys, "send", "air:", BEACON_REQUEST, "--channel", "15")
    assert (status, err) == (0, "")
    assert radio.on_air == [(15, bytes.fromhex(BEACON_REQUEST))]
    lines = out.splitlines()
    assert lines[0] == "a radio of the test, channel 15"
    assert lines[1].startswith("frame 1, 8 octets: sent, 1 transmission, ")
    assert lines[2:4] == ["--- air: ---", "1 frame, 1 went well"]
    assert lines[4].startswith("min/mean/max ")


def test_what_was_not_acknowledged_makes_the_exit_status_1(
    radio: AirRadio, capsys: pytest.CaptureFixture[str]
) -> None:
    ack = ReceivedFrame(b"\x02\x00\x07", Fcs.GOOD, rssi=-50.0)
    radio.outcomes = [
        TransmitOutcome(status=TransmitStatus.SUCCESS, ack=ack),
        TransmitOutcome(status=TransmitStatus.NO_ACK, transmissions=3),
        TransmitOutcome(status=TransmitStatus.CHANNEL_ACCESS_FAILURE, reason="jammed"),
    ]
    status, out, _ = command(
        capsys, "send", "air:", DATA, "-c", "3", "--interval", "1ms", "--retries", "2", "--no-csma"
    )
    assert status == 1
    assert "frame 1, 9 octets: sent, acknowledged, ack at -50 dBm, " in out
    assert "frame 2, 9 octets: no ack, 3 transmissions, " in out
    assert ", jammed\n" in out
    assert "3 frames, 1 went well, 1 no ack, 1 channel access failure" in out
    assert {(each.csma, each.max_frame_retries) for each in radio.parameters} == {(False, 2)}


def test_the_fcs_is_checked_and_left_out(
    radio: AirRadio, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = append_fcs16(bytes.fromhex(DATA)).hex(":")
    assert command(capsys, "send", "air:", "--fcs", whole)[0] == 0
    assert radio.on_air == [(11, bytes.fromhex(DATA))]
    status, _, err = command(capsys, "send", "air:", "--fcs", DATA)
    assert status == 2
    assert "are not the FCS" in err


def test_lines_of_a_file_are_sent(
    radio: AirRadio,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    path = tmp_path / "frames.txt"
    path.write_text(f"# two frames\n{DATA}  # first\n\n{BEACON_REQUEST}\n")
    assert command(capsys, "send", "air:", "--file", str(path), "-c", "2")[0] == 0
    assert [psdu.hex() for _, psdu in radio.on_air] == [DATA.replace(" ", ""), BEACON_REQUEST] * 2
    behind_air(monkeypatch, AirRadio)
    path.write_text(f"{DATA}\nno hex\n")
    status, out, err = command(capsys, "send", "air:", "--file", str(path))
    assert status == 2
    assert f"{path}, line 2: 'no hex' is no hexadecimal" in err
    assert "1 frame, 1 went well" in out


def test_frames_of_a_capture_are_sent(radio: AirRadio, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(capsys, "send", "air:", "--file", str(ATTACH))[0] == 0
    expected = [record.interface.frame_of(record).psdu for record in open_records(ATTACH)]
    assert [psdu for _, psdu in radio.on_air] == expected


def test_standard_input_is_read(
    radio: AirRadio, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(DATA.encode())))
    assert command(capsys, "send", "air:", "--file", "-")[0] == 0
    assert [psdu for _, psdu in radio.on_air] == [bytes.fromhex(DATA)]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "give frames"),
        ((DATA, "--file", "x"), "give frames"),
        (("zz",), "'zz' is no hexadecimal"),
        (("0102" * 70,), "psdu has 140 octets"),
        (("--file", "/nowhere"), "No such file"),
        (("--file", "-", "-c", "2"), "standard input"),
        ((DATA, "--channel", "27"), "no channel 27"),
        ((DATA, "--interval", "soon"), "no time"),
        ((DATA, "--count", "0"), "0"),
    ],
)
def test_mistakes_are_told_in_two_lines(
    radio: AirRadio, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    status, _, err = command(capsys, "send", "air:", *arguments)
    assert status == 2
    assert says in err
    assert len(err.splitlines()) == 2
    assert radio.on_air == []


def test_a_radio_that_fails_or_only_listens_is_an_error(
    radio: AirRadio, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    radio.outcomes = [RadioError("air: went up in smoke", "buy another")]
    status, out, err = command(capsys, "send", "air:", DATA)
    assert (status, err) == (2, "lowpan: air: went up in smoke\nlowpan: buy another\n")
    assert "---" not in out
    behind_air(monkeypatch, lambda: AirRadio(capabilities=ALL & ~RadioCapability.TRANSMIT))
    status, _, err = command(capsys, "send", "air:", DATA)
    assert status == 2
    assert "only listens" in err


def test_nobody_claims_an_acknowledgment_that_the_radio_does_not_wait_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    behind_air(monkeypatch, lambda: AirRadio(capabilities=ALL & ~RadioCapability.ACK_TIMEOUT))
    status, out, _ = command(capsys, "send", "air:", DATA)
    assert status == 0
    assert "sent, and nobody waited for its acknowledgment, " in out
