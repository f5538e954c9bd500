"""Every field: its name, its way into a decoded frame, and that none shows a key."""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from lowpan.capture.field import Field, nested, parts_of
from lowpan.capture.fields import (
    ALL_FIELDS,
    DEFAULT_FIELDS,
    FIELDS,
    UnknownField,
    fields_like,
    find_field,
)
from lowpan.capture.rows import json_function, row_function, values_function
from tests.capture.made_frames import CAPTURES, KEY, PSKC, SECOND_KEY, frames_of

OPENTHREAD = CAPTURES / "openthread"
HOLDS_DATASETS = [OPENTHREAD / "v-discovery-announce.pcap", OPENTHREAD / "vi-dataset-keyrot.pcap"]


def test_names_are_unique_and_shaped_like_wiresharks() -> None:
    assert len(FIELDS) == len(ALL_FIELDS)
    assert [name for name in FIELDS if not re.fullmatch(r"[0-9A-Za-z_.-]+", name)] == []
    assert not FIELDS["lowpan.key"].from_wireshark
    assert FIELDS["wpan.src64"].from_wireshark


def test_each_field_has_one_source_and_a_description() -> None:
    for field in ALL_FIELDS:
        sources = [bool(field.path), field.part is not None, field.values is not None]
        assert sources.count(True) == 1, field.name
        assert field.description, field.name
        assert field.format.name, field.name


@pytest.mark.parametrize("field", [x for x in ALL_FIELDS if x.part], ids=lambda field: field.name)
def test_attributes_of_parts_exist(field: Field) -> None:
    kind = field.part
    if kind is None or isinstance(kind, tuple) or not field.attribute:  # the captures tell
        return
    assert field.attribute.split(".")[0] in {item.name for item in dataclasses.fields(kind)}


def test_the_captures_reach_most_fields() -> None:
    values = values_function(ALL_FIELDS)
    seen: set[str] = set()
    for path in sorted(CAPTURES.glob("*/*.pcap")):
        if "vii-long" not in path.name:
            for decoded in frames_of(path):
                seen |= values(decoded).keys()
    assert len(seen) > 190
    must = {
        "frame.len",
        "wpan.src64",
        "6lowpan.fragment",
        "ipv6.src",
        "icmpv6.nd.ns.target_address",
    }
    must |= {"mle.tlv.route64.cost", "thread_nwd.tlv.prefix", "thread_meshcop.tlv.net_name"}
    must |= {"lowpan.key", "lowpan.duplicate_of", "lowpan.mle.csl_timeout", "wpan.assoc.status"}
    assert must <= seen


@pytest.mark.parametrize("make", [row_function, json_function])
@pytest.mark.parametrize("path", HOLDS_DATASETS, ids=lambda path: path.stem)
def test_no_field_shows_a_key_that_a_dataset_holds(
    path: Path, make: Callable[..., Callable[..., str]]
) -> None:
    show = make(DEFAULT_FIELDS)
    told = "".join(show(decoded) for decoded in frames_of(path))
    told = re.sub(r"[^0-9a-f]", "", told.lower())
    assert "dead00beef00cafe" in told  # a dataset was read
    assert [key for key in (KEY, SECOND_KEY, PSKC) if key in told] == []


def test_find_field_says_what_might_have_been_meant() -> None:
    assert find_field("ipv6.src").name == "ipv6.src"
    with pytest.raises(UnknownField, match=r"ipv6\.source is no field; near it are .*ipv6\.src"):
        find_field("ipv6.source")
    with pytest.raises(UnknownField, match=r"^zzzzzz is no field$"):
        find_field("zzzzzz")


def test_fields_like_searches_names_and_descriptions() -> None:
    assert [field.name for field in fields_like("frag.TAG")] == ["6lowpan.frag.tag"]
    assert "lowpan.key" in [field.name for field in fields_like("fingerprint")]
    assert len(fields_like("")) == len(ALL_FIELDS)


def test_nested_values_come_in_the_order_of_their_octets() -> None:
    decoded = next(frame for frame in frames_of() if frame.mle and frame.mle.message)
    assert decoded.mle is not None
    names = [type(value).__name__ for value in nested(decoded.mle.message)]
    assert names == [
        "MleMessage",
        "Tlv",
        "Mode",
        "Tlv",
        "Challenge",
        "Tlv",
        "ScanMask",
        "Tlv",
        "Version",
    ]


def test_parts_leave_malformed_contents_out() -> None:
    for decoded in frames_of():
        for part, values in parts_of(decoded).items():
            assert not isinstance(part, tuple) or not any(isinstance(x, bytes) for x in values)
