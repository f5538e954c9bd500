"""`lowpan sniff`: its forms of output."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lowpan.capture.reader import open_records
from lowpan.capture.record import Record
from lowpan.cli import group
from tests.cli.commands import ATTACH, CAPTURES, FRAGMENTS, KEY, lowpan, start

Invoke = Callable[..., Result]


@pytest.fixture
def sniff(monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Return the function that runs `lowpan sniff` in this process; mistakes are raised."""
    monkeypatch.delenv("LOWPAN_KEYS", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)

    def invoke(*arguments: object, **more: object) -> Result:
        words = ["sniff", *map(str, arguments)]
        result = CliRunner().invoke(group, words, standalone_mode=False, **more)  # type: ignore[arg-type]
        if result.exception is not None:
            raise result.exception
        return result

    return invoke


FIRST_LINES = """\
    1     0.000000 fe80::aa:bbcc:dd00:1 > ff02::2               MLE      Parent Request, mode rdn
    2     0.749615 fe80::aa:bbcc:dd00:1 > ff02::2               MLE      Parent Request, mode rdn
"""


def test_text_has_a_line_for_each_frame(sniff: Invoke) -> None:
    result = sniff(ATTACH, "--key", KEY)
    assert result.stdout.startswith(FIRST_LINES)
    lines = result.stdout.splitlines()
    assert len(lines) == 59
    assert lines[11] == (
        "   12    10.051509 02:aa:bb:cc:dd:00:00:02 > -                  "
        "802.15.4 Ack of frame 11, frame pending"
    )
    assert result.return_value == 0


def test_options_may_follow_the_name_or_come_first(sniff: Invoke) -> None:
    first, last = sniff("-c", 3, "--key", KEY, ATTACH), sniff(ATTACH, "-c", 3, "--key", KEY)
    assert first.stdout == last.stdout
    assert first.stdout == sniff("-r", ATTACH, "-c", 3, "--key", KEY).stdout
    assert first.stdout.count("\n") == 3


def test_no_frames_are_asked_for(sniff: Invoke) -> None:
    assert sniff(ATTACH, "-c", 0).stdout == ""


def test_fields_are_separated_by_tabs(sniff: Invoke) -> None:
    fields = ["-e", "frame.number", "-e", "wpan.src64", "-e", "mle.cmd", "-e", "mle.tlv.type"]
    result = sniff(ATTACH, "--key", KEY, "-T", "fields", *fields, "-c", 12)
    lines = result.stdout.splitlines()
    assert lines[0] == "1\t02:aa:bb:cc:dd:00:00:01\t9\t1,3,14,18"
    assert lines[11] == "12\t\t\t"


def test_settings_of_rows(sniff: Invoke) -> None:
    settings = ["header=y", "separator=|", "aggregator=/s", "occurrence=f", "quote=d"]
    options = [word for setting in settings for word in ("-E", setting)]
    fields = ["-e", "frame.number", "-e", "mle.tlv.type", "-e", "mle.cmd"]
    result = sniff(ATTACH, "--key", KEY, "-T", "fields", *fields, *options, "-c", 1)
    assert result.stdout == 'frame.number|mle.tlv.type|mle.cmd\n"1"|"1"|"9"\n'


def test_json_has_one_object_a_line(sniff: Invoke) -> None:
    result = sniff(ATTACH, "--key", KEY, "-T", "json")
    objects = [json.loads(line) for line in result.stdout.splitlines()]
    assert [item["frame.number"] for item in objects] == list(range(1, 60))
    assert objects[0]["mle.cmd"] == 9
    assert objects[0]["wpan.dst16"] == "0xffff"
    assert objects[0]["lowpan.key"] == "a8faed6a"
    assert KEY not in result.stdout


def test_json_of_chosen_fields(sniff: Invoke) -> None:
    result = sniff(ATTACH, "-T", "json", "-e", "frame.len", "-e", "wpan.cmd", "-c", 1)
    assert json.loads(result.stdout) == {"frame.len": 63}


def test_trees_and_octets(sniff: Invoke) -> None:
    tree = sniff(ATTACH, "-v", "-c", 1, "--key", KEY).stdout
    assert "    2     sequence_number: 216\n" in tree
    octets = sniff(ATTACH, "-x", "-c", 1).stdout.splitlines()
    assert octets[1] == ("0000  41 d8 d8 ce fa ff ff 01  00 00 dd cc bb aa 02 7f  A...............")
    assert octets[-1] == ""
    both = sniff(ATTACH, "-v", "-x", "-c", 1, "--key", KEY).stdout
    assert tree.rstrip() in both
    assert octets[1] in both


def test_counts(sniff: Invoke) -> None:
    plain = sniff(ATTACH, "--key", KEY, "--stats").stdout
    assert "  MLE          40\n" in plain
    told = json.loads(sniff(ATTACH, "--key", KEY, "--stats", "-T", "json").stdout)
    assert (told["frames"], told["undecrypted"]) == (59, 0)
    assert told["nodes"][0]["short_addresses"] == ["0xd800"]


def test_colour_only_where_it_is_wanted(sniff: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    green = "\x1b[32m"
    assert green not in sniff(ATTACH, "-c", 1, "--key", KEY).stdout
    assert green in sniff(ATTACH, "-c", 1, "--key", KEY, "--color", "always").stdout
    wrong = sniff(CAPTURES / "openthread" / "ix-spinel-rcp.pcap", "--color", "always").stdout
    assert "\x1b[31m   63" in wrong
    monkeypatch.setenv("NO_COLOR", "1")
    assert green not in sniff(ATTACH, "-c", 1, "--key", KEY, "--color", "auto").stdout


def test_ignore_fcs_decodes_what_is_wrong(sniff: Invoke) -> None:
    path = CAPTURES / "openthread" / "ix-spinel-rcp.pcap"
    fields = ["-T", "fields", "-e", "wpan.fcs_ok", "-e", "wpan.ack_request", "-e", "lowpan.info"]
    strict, lax = sniff(path, *fields).stdout, sniff(path, *fields, "--ignore-fcs").stdout
    assert "wrong FCS, 11 octets" in strict.splitlines()[62]
    assert lax.splitlines()[62].startswith("0\t1\t")


# -- keys


def outcomes(sniff: Invoke, *options: object, **more: object) -> set[str]:
    fields = ["-T", "fields", "-e", "lowpan.outcome"]
    return set(sniff(ATTACH, *fields, *options, **more).stdout.split())


def test_keys_from_everywhere(sniff: Invoke, tmp_path: Path) -> None:
    assert outcomes(sniff) == {"no", "key"}
    assert outcomes(sniff, "--key", KEY) == {"decrypted"}
    assert outcomes(sniff, env={"LOWPAN_KEYS": f"thread {KEY}; thread {KEY[::-1]}"}) == {
        "decrypted"
    }
    assert outcomes(sniff, "--dataset", f"0510{KEY}") == {"decrypted"}
    keys = tmp_path / "keys"
    keys.write_text(f"# the lab's\nthread {KEY}\n")
    assert outcomes(sniff, "--keys", keys) == {"decrypted"}
    (tmp_path / "ieee802154_keys").write_text(f'"{KEY}","0","Thread hash"\n')
    assert outcomes(sniff, "--profile", tmp_path) == {"decrypted"}


def test_raw_keys(sniff: Invoke) -> None:
    path = CAPTURES / "linux" / "llsec-level5-mic32-ext.pcap"
    fields = ["-T", "fields", "-e", "lowpan.outcome"]
    raw = ["--raw-key", "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf,index=1"]
    assert set(sniff(path, *fields, *raw).stdout.splitlines()) == {"decrypted"}


def test_contexts_by_hand(sniff: Invoke) -> None:
    fields = ["-T", "fields", "-e", "ipv6.src", "-c", "17", "--key", KEY]
    given = sniff(ATTACH, *fields, "--context", "0=2001:db8:7::/64").stdout.splitlines()
    assert given[16] == "2001:db8:7::ff:fe00:d801"


# -- writing


def records(path: Path) -> list[tuple[int | None, bytes, int]]:
    with open_records(path) as found:
        return [(r.time_ns, r.octets, r.original_length) for r in map(_same, found)]


def _same(record: Record) -> Record:
    assert record.interface.link_type == 195
    return record


@pytest.mark.parametrize("name", ["copy.pcap", "copy.pcapng", "copy"])
def test_written_frames_are_the_captured_ones(sniff: Invoke, tmp_path: Path, name: str) -> None:
    result = sniff(ATTACH, "-w", tmp_path / name)
    assert result.stdout == ""
    assert records(tmp_path / name) == records(ATTACH)
    with open_records(tmp_path / name) as written:
        assert written.format == ("pcap" if name.endswith(".pcap") else "pcapng")


def test_write_and_show(sniff: Invoke, tmp_path: Path) -> None:
    copy = tmp_path / "copy.pcap"
    result = sniff(ATTACH, "-w", copy, "-T", "fields", "-e", "frame.number", "-c", 5)
    assert result.stdout == "1\n2\n3\n4\n5\n"
    assert records(copy) == records(ATTACH)[:5]


def test_written_captures_can_be_piped(tmp_path: Path) -> None:
    octets, errors = start("sniff", ATTACH, "-w", "-", "-c", 4).communicate(timeout=60)
    path = tmp_path / "piped.pcapng"
    path.write_bytes(octets)
    assert errors == b""
    assert records(path) == records(ATTACH)[:4]


def test_no_frames_make_an_empty_capture(sniff: Invoke, tmp_path: Path) -> None:
    sniff(ATTACH, "-c", 0, "-w", tmp_path / "none.pcap")
    assert records(tmp_path / "none.pcap") == []


# -- reading


def test_compressed_captures(sniff: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "attach.pcap.gz"
    path.write_bytes(gzip.compress(ATTACH.read_bytes()))
    assert sniff(path, "--key", KEY).stdout == sniff(ATTACH, "--key", KEY).stdout


def test_standard_input_gives_the_same() -> None:
    options = ["--key", KEY, "--context", "0=fd00:db8::/64"]  # a pipe cannot be read ahead
    with ATTACH.open("rb") as file:
        piped = lowpan("sniff", "-", *options, stdin=file)
    assert piped.stdout == lowpan("sniff", ATTACH, *options).stdout
    assert piped.returncode == 0


def test_a_datagram_stands_on_the_frame_that_completes_it(sniff: Invoke) -> None:
    fields = ["-e", "frame.number", "-e", "6lowpan.fragment.count", "-e", "ipv6.plen"]
    lines = sniff(FRAGMENTS, "--key", KEY, "-T", "fields", *fields).stdout.splitlines()
    assert "344\t11\t1008" in lines
    assert "342\t\t" in lines
