"""Keys from options, files, the environment and datasets; errors that give nothing away."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.capture.key_sources import (
    Given,
    Network,
    keys_in_environment,
    parse_context,
    parse_dataset,
    parse_keys,
    parse_prefix,
    parse_raw_key,
    parse_thread_key,
    read_key_file,
)
from lowpan.capture.keys import RawKey, ThreadKey
from lowpan.errors import KeyFormatError
from lowpan.wire.addresses import Context

HEX = "00112233445566778899aabbccddeeff"
KEY = bytes.fromhex(HEX)
DATASET = (  # OpenThread's test_dataset
    "0e080000000000010000000300000f35060004001fffe002081de5bfecd5165b8f0708fde21f0c8a13e8e7"
    "0510eaf9149fdc7378770698d59180221958030f4f70656e5468726561642d616163330102face"
    "04102eaae29484388e3119581a7b5a948c070c0402a0f7f8"
)
Source = Callable[[str], object]
DATASET_KEY = bytes.fromhex("eaf9149fdc7378770698d59180221958")


@pytest.mark.parametrize(
    "text", [HEX, HEX.upper(), f" {HEX}\n", ":".join(HEX[i : i + 2] for i in range(0, 32, 2))]
)
def test_thread_key_is_32_hex_digits(text: str) -> None:
    assert parse_thread_key(text) == ThreadKey(KEY)


def test_raw_key_may_say_when_it_counts() -> None:
    assert parse_raw_key(HEX) == RawKey(KEY)
    assert parse_raw_key(f"{HEX},index=3") == RawKey(KEY, key_index=3)
    assert parse_raw_key(f"{HEX}, mode=0") == RawKey(KEY, key_identifier_mode=0)
    assert parse_raw_key(f"{HEX},source=FACE2400,mode=2,index=0xff") == RawKey(
        KEY, key_identifier_mode=2, key_index=0xFF, key_source=bytes.fromhex("face2400")
    )


BAD_KEYS = ["", HEX[:-1], HEX[:-2], HEX + "00", HEX[:-1] + "g", f"0x{HEX}", "network key"]
BAD_PARTS = [
    ",",
    ",index",
    ",index=",
    ",index=256",
    ",index=-1",
    ",index=0x",
    ",index=1,index=2",
    ",mode=4",
    ",mode=one",
    ",mode=0,index=1",
    ",mode=1,source=face2400",
    ",mode=2,source=face24",
    ",mode=3,source=face2400",
    ",source=x",
    ",sequence=1",
]


@pytest.mark.parametrize("text", BAD_KEYS)
def test_text_that_is_no_key_is_refused(text: str) -> None:
    for parse in (parse_thread_key, parse_raw_key):
        with pytest.raises(KeyFormatError):
            parse(text)


@pytest.mark.parametrize("part", BAD_PARTS)
def test_raw_key_with_a_part_that_nobody_knows_is_refused(part: str) -> None:
    with pytest.raises(KeyFormatError):
        parse_raw_key(HEX + part)


def test_dataset_tells_key_network_and_context() -> None:
    spaced = "\n".join(DATASET[i : i + 32] for i in range(0, len(DATASET), 32))
    for text in (DATASET, DATASET.upper(), spaced):
        told = parse_dataset(text)
        assert told.keys == [ThreadKey(DATASET_KEY)]
        assert told.networks == [
            Network(
                pan_id=0xFACE,
                channel=15,
                extended_pan_id=bytes.fromhex("1de5bfecd5165b8f"),
                name="OpenThread-aac3",
                contexts={0: Context(bytes.fromhex("fde21f0c8a13e8e7"), 64)},
            )
        ]


def test_dataset_with_a_key_alone_is_enough() -> None:
    told = parse_dataset(f"0510{HEX}")
    assert told == Given(keys=[ThreadKey(KEY)], networks=[Network()])


@pytest.mark.parametrize("text", ["", "0", "zz", DATASET[:-2], "0102face", f"050f{HEX[2:]}"])
def test_dataset_without_a_key_is_refused(text: str) -> None:
    with pytest.raises(KeyFormatError):
        parse_dataset(text)


def test_contexts_are_those_of_the_pan() -> None:
    told = parse_dataset(DATASET)
    told.add(parse_dataset(f"0510{HEX}0708fd00000000000001"))
    told.add(Given(contexts={1: parse_prefix("2001:db8::/48")}))
    assert told.contexts_of(0xFACE)[0] == Context(bytes.fromhex("fd00000000000001"), 64)
    assert told.contexts_of(0xBEEF)[0] == Context(bytes.fromhex("fd00000000000001"), 64)
    assert told.contexts_of(None)[1] == Context(bytes.fromhex("20010db80000"), 48)
    assert parse_dataset(DATASET).contexts_of(0xBEEF) == {}


def test_context_is_a_number_and_a_prefix() -> None:
    assert parse_context("1=2001:db8::/32") == (1, Context(bytes.fromhex("20010db8"), 32))
    assert parse_context("15 = fd00::") == (15, Context(bytes.fromhex("fd00"), 64))


@pytest.mark.parametrize(
    "text", ["", "1", "16=fd00::/64", "x=fd00::/64", "1=fd00::/129", "1=fd00/64", "1=fd00::/x"]
)
def test_text_that_is_no_context_is_refused(text: str) -> None:
    with pytest.raises(KeyFormatError):
        parse_context(text)


LINES = f"""\
# keys of the laboratory
thread {HEX}

raw {HEX[::-1]} mode=1   index=3  # of the lamps
dataset {DATASET}
"""
TOLD = [
    ThreadKey(KEY),
    RawKey(bytes.fromhex(HEX[::-1]), key_identifier_mode=1, key_index=3),
    ThreadKey(DATASET_KEY),
]


def test_file_holds_a_key_a_line(tmp_path: Path) -> None:
    path = tmp_path / "lab.keys"
    path.write_text(LINES)
    assert read_key_file(path).keys == TOLD
    assert read_key_file(path).networks[0].pan_id == 0xFACE


def test_environment_holds_the_same_lines() -> None:
    assert keys_in_environment({}) == Given()
    assert keys_in_environment({"LOWPAN_KEYS": LINES}).keys == TOLD
    one_line = f"thread {HEX}; raw {HEX[::-1]} index=3 mode=1;dataset {DATASET}"
    assert keys_in_environment({"LOWPAN_KEYS": one_line}).keys == TOLD


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"thread {HEX[:-2]}", "a Thread network key has 16 octets, not 15"),
        ("thread", "a Thread network key is written in pairs of hex digits"),
        (HEX[:-2], "begins with none of"),
        (f"raw {HEX} index=300", "key index is none of 0..255"),
        (f"dataset {DATASET[:-2]}", "no list of dataset TLVs"),
    ],
)
def test_error_names_file_and_line(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "lab.keys"
    path.write_text(f"{LINES}{line}\n")
    with pytest.raises(KeyFormatError) as error:
        read_key_file(path)
    assert str(error.value).startswith(f"{path}, line 6: {reason}")
    with pytest.raises(KeyFormatError) as error:
        keys_in_environment({"LOWPAN_KEYS": f"thread {HEX};{line}"})
    assert str(error.value).startswith(f"LOWPAN_KEYS, line 2: {reason}")


def test_file_that_cannot_be_read_is_a_key_error(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(KeyFormatError, match=str(path)):
            read_key_file(path)
    (tmp_path / "binary").write_bytes(bytes(range(128, 256)))
    with pytest.raises(KeyFormatError):
        read_key_file(tmp_path / "binary")


def everything_said(error: BaseException | None) -> str:
    """Return all text that a traceback of `error` would show, and what it would not."""
    said = ""
    while error is not None:
        said += f"{error} {error!r} {error.__cause__!r} {vars(error)!r} "
        error = error.__cause__ or error.__context__
    return said.lower()


DIGITS = st.text("0123456789abcdef", min_size=32, max_size=32)
DAMAGES = [  # the digits of a key take the place of {0}
    "{0:.31}",
    "{0}0",
    "{0}00",
    "{0:.9}o{0}",
    "{0:.16} {0:.16}",
    "0x{0}",
    "{0},mode={0}",
    "{0},index={0}",
    "{0},source={0}",
    "{0},{0}={0}",
    "0510{0:.30}",
    "0511{0}00",
    "0102{0}",
    "{0}=fd00::/64",
    "1={0}/64",
    "1=fd00::/{0}",
]


@given(DIGITS, st.sampled_from(DAMAGES), st.sampled_from(["", "thread ", "raw ", "dataset "]))
def test_key_with_a_typing_error_is_not_quoted(digits: str, damage: str, kind: str) -> None:
    text = damage.format(digits)
    sources: list[Source] = [
        parse_thread_key,
        parse_raw_key,
        parse_dataset,
        parse_context,
        lambda text: parse_keys(kind + text, "keys"),
    ]
    for source in sources:
        try:
            said = repr(source(text))
        except KeyFormatError as error:
            said = everything_said(error)
        for at in range(len(digits) - 7):
            assert digits[at : at + 8] not in said


@given(st.text(max_size=60), st.sampled_from(["", "thread ", "raw ", "dataset "]))
def test_any_text_is_understood_or_refused(text: str, kind: str) -> None:
    sources: list[Source] = [
        parse_thread_key,
        parse_raw_key,
        parse_dataset,
        parse_context,
        parse_prefix,
        lambda text: parse_keys(kind + text, "keys"),
        lambda text: keys_in_environment({"LOWPAN_KEYS": kind + text}),
    ]
    for source in sources:
        try:
            source(text)
        except KeyFormatError:
            continue
