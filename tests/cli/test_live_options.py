import pytest

from lowpan.aio.tuning import Tuning
from lowpan.cli.live_options import TuningOptions, channels_of, seconds_of, tuning_of
from lowpan.cli.radio_names import is_radio
from lowpan.cli.report import CommandError
from tests.cli.commands import ATTACH


@pytest.mark.parametrize(
    ("text", "channels"),
    [
        ("15", (15,)),
        ("11-13", (11, 12, 13)),
        ("25,11, 15 - 17,11", (25, 11, 15, 16, 17)),
        ("0-0", (0,)),
        ("65535", (65535,)),
    ],
)
def test_channels(text: str, channels: tuple[int, ...]) -> None:
    assert channels_of(text) == channels


NO_CHANNELS = ["", "x", "11-", "-11", "13-11", "11,", "65536", "0-9999", "1.5", "٣", "1,,2"]


@pytest.mark.parametrize("text", NO_CHANNELS)
def test_no_channels(text: str) -> None:
    with pytest.raises(CommandError, match="names no channels"):
        channels_of(text)


def test_more_channels_than_any_page_has() -> None:
    with pytest.raises(CommandError, match="300 channels"):
        channels_of("0-99,100-199,200-299")


@pytest.mark.parametrize(
    ("text", "seconds"), [("250ms", 0.25), ("1.5s", 1.5), ("2 min", 120.0), ("10ms", 0.01)]
)
def test_times(text: str, seconds: float) -> None:
    assert seconds_of(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "250", "9ms", "61min", "-1s", "1h", "1e3s", "infs", "0s"])
def test_no_times(text: str) -> None:
    with pytest.raises(CommandError, match="is no such time"):
        seconds_of(text)


def test_tuning() -> None:
    assert tuning_of(TuningOptions()) == Tuning((), None, 0.25)
    assert tuning_of(TuningOptions("15", 2)) == Tuning((15,), 2)
    assert tuning_of(TuningOptions("11,12", None, "2s")) == Tuning((11, 12), None, 2.0)
    for channel in (None, "15"):
        with pytest.raises(CommandError, match="--hop without several channels"):
            tuning_of(TuningOptions(channel, None, "2s"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("spinel:/dev/ttyACM0?baudrate=460800", True),
        ("ZEP://127.0.0.1:17754", True),
        ("openthread-air://?node=1", True),
        ("/dev/ttyNOSUCH0", True),
        ("/dev/serial/by-id/usb-nosuch", True),
        ("/dev/tty0", True),
        ("/dev/null", False),
        ("/dev/stdin", False),
        ("/dev/fd/0", False),
        ("/dev/shm/nosuch.pcap", False),
        ("nosuch:thing", False),
        ("nosuch.pcap", False),
        ("-", False),
        ("a\0b", False),
        ("x:y", False),
        (str(ATTACH), False),
        ("tests", False),
    ],
)
def test_names_of_radios(name: str, expected: bool) -> None:
    assert is_radio(name) is expected


def test_a_file_that_is_there_is_no_radio(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("names")
    (folder / "zep:7").write_bytes(ATTACH.read_bytes())
    monkeypatch.chdir(folder)
    assert not is_radio("zep:7")
    assert is_radio("zep:8")
