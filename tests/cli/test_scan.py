import json
import re

import pytest

from lowpan.cli.scanning import COLUMNS, print_table
from lowpan.radio import RadioCapability
from tests.cli.commands import CAPTURES
from tests.cli.fake_radios import behind_air, command
from tests.peers.air import ALL, AirRadio
from tests.peers.networks import answers

QUICK = ("--duration", "10ms")


def test_networks_are_listed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    behind_air(monkeypatch, lambda: AirRadio(answers))
    status, out, err = command(capsys, "scan", "air:", *QUICK)
    assert (status, err) == (0, "")
    titles, *rows = [re.split(r"\s{2,}", line.strip()) for line in out.splitlines()]
    assert titles == [*COLUMNS]
    assert rows == [
        [
            *("0xface", "dead00beef00cafe", "ieee6-lab", "15", "-60", "200", "Thread 1.4", "no"),
            *("2", "02:aa:bb:cc:dd:00:00:01"),
        ],
        ["0x1aaa", "1122334455667788", "-", "20", "-80", "200", "Zigbee PRO", "yes", "1", "00:00"],
        ["0x2bbb", "0001020304050607", "other", "25", "-90", "200", "Thread", "yes", "1", "04:00"],
    ]


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_no_cell_is_cut_on_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    cells = tuple(f"{name} of some length" for name in COLUMNS)
    print_table([cells])
    out = capsys.readouterr().out
    assert all(cell in out for cell in (*COLUMNS, *cells))


def test_json_has_a_line_for_each_network(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    behind_air(monkeypatch, lambda: AirRadio(answers))
    status, out, _ = command(capsys, "scan", "air:", "-T", "json", "--channels", "15,20-21", *QUICK)
    assert status == 0
    thread, zigbee = map(json.loads, out.splitlines())
    assert thread == {
        "pan_id": "0xface",
        "extended_pan_id": "dead00beef00cafe",
        "name": "ieee6-lab",
        "channel": 15,
        "protocol": "Thread 1.4",
        "joinable": False,
        "frames": 2,
        "senders": [
            {"address": "02:aa:bb:cc:dd:00:00:02", "rssi": -70, "lqi": 200, "frames": 1},
            {"address": "02:aa:bb:cc:dd:00:00:01", "rssi": -60, "lqi": 200, "frames": 1},
        ],
    }
    assert zigbee["protocol"] == "Zigbee PRO"


def test_a_radio_that_cannot_send_listens_and_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    radio = AirRadio(answers, capabilities=ALL & ~RadioCapability.TRANSMIT)
    behind_air(monkeypatch, lambda: radio)
    status, out, err = command(capsys, "scan", "air:", "--channels", "15", *QUICK)
    assert status == 0
    assert err == "lowpan: air:: a radio of the test cannot send: only listening\n"
    assert out == "no networks; 0 frames were heard\n"
    assert radio.on_air == []


def test_passive_sends_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    radio = AirRadio(answers)
    behind_air(monkeypatch, lambda: radio)
    assert command(capsys, "scan", "air:", "--passive", "--channel", "15", *QUICK)[0] == 0
    assert radio.on_air == []


def test_a_capture_can_be_scanned(capsys: pytest.CaptureFixture[str]) -> None:
    capture = CAPTURES / "openthread" / "v-discovery-announce.pcap"
    status, out, err = command(
        capsys, "scan", f"replay:{capture}?speed=max", "--channel", "11", "--duration", "5s"
    )
    assert status == 0
    assert "only listening" in err
    assert len(out.splitlines()) == 2
    assert "0xface  dead00beef00cafe  ieee6-lab" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--channels", "27"), "no channel 27"),
        (("--channels", "x"), "names no channels"),
        (("--duration", "1h"), "no time"),
    ],
)
def test_mistakes_are_told_in_two_lines(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    says: str,
) -> None:
    behind_air(monkeypatch, AirRadio)
    status, out, err = command(capsys, "scan", "air:", *arguments)
    assert (status, out) == (2, "")
    assert says in err
    assert len(err.splitlines()) == 2


def test_a_radio_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = command(capsys, "scan", "replay:/nowhere.pcap")
    assert status == 2
    assert err.startswith("lowpan: replay:/nowhere.pcap: /nowhere.pcap: No such file")
