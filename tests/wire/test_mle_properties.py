"""What holds for every MLE format: nothing is lost, and nothing but MalformedFrame comes out."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import MalformedFrame
from lowpan.schema import Layout
from lowpan.wire.dataset import MESHCOP_CONTENTS, MeshCopType
from lowpan.wire.link_metrics import LINK_METRICS_CONTENTS, LinkMetricsType
from lowpan.wire.mle import MLE_CONTENTS, MLE_MESSAGE, TLV, Tlv, TlvType
from lowpan.wire.network_data import NetworkDataType
from tests.schema.agreement import check_agreement
from tests.wire import mle_values
from tests.wire.mle_captures import every_message

REAL = sorted({captured.message for captured in every_message()})


def same_or_malformed(layout: Layout[Any], octets: bytes) -> None:
    """Fail unless `octets` decode and encode to themselves, or are malformed, in both forms."""
    check_agreement(layout, octets)
    try:
        value, used = layout.decode_prefix(octets)
    except MalformedFrame:
        return
    assert layout.encode(value) == octets[:used]


@pytest.mark.parametrize("layout", [layout for layout, _ in mle_values.LISTS])
@given(octets=st.binary(max_size=120))
def test_any_octets_decode_to_themselves_or_are_malformed(
    layout: Layout[Any], octets: bytes
) -> None:
    same_or_malformed(layout, octets)


@given(octets=st.sampled_from(REAL), data=st.data())
def test_damaged_messages_decode_to_themselves_or_are_malformed(
    octets: bytes, data: st.DataObject
) -> None:
    damaged = bytearray(octets)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] = data.draw(st.integers(0, 255))
    same_or_malformed(MLE_MESSAGE, bytes(damaged))


@given(kind=st.sampled_from(sorted(MLE_CONTENTS)), octets=st.binary(max_size=40))
def test_any_octets_under_a_known_type_are_kept(kind: int, octets: bytes) -> None:
    whole = bytes([kind, len(octets)]) + octets
    tlv = TLV.decode(whole)
    assert TLV.encode(tlv) == whole
    check_agreement(TLV, whole)
    if tlv.value == octets:
        with pytest.raises(MalformedFrame):
            MLE_CONTENTS[kind].decode(octets)


@pytest.mark.parametrize(("layout", "values"), mle_values.LISTS)
@given(data=st.data())
def test_values_encode_and_decode_to_themselves(
    layout: Layout[Any], values: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    value = data.draw(values)
    octets = layout.encode(value)
    assert layout.decode(octets) == value
    assert layout.interpret_build(value) == octets


@pytest.mark.parametrize("kind", sorted(mle_values.MLE))
@given(data=st.data())
def test_values_of_each_type_encode_and_decode_to_themselves(
    kind: int, data: st.DataObject
) -> None:
    tlv = Tlv(kind, data.draw(mle_values.MLE[kind]))
    assert TLV.decode(TLV.encode(tlv)) == tlv


def test_every_type_has_a_format_and_is_tested() -> None:
    assert set(MLE_CONTENTS) == set(mle_values.MLE) == set(TlvType)
    assert set(LINK_METRICS_CONTENTS) == set(mle_values.LINK_METRICS) == set(LinkMetricsType)
    assert set(mle_values.MESHCOP) == set(MeshCopType)
    assert set(MESHCOP_CONTENTS) == set(MeshCopType) - {MeshCopType.JOINER_ROUTER_KEK}
    tested = [mle_values.NETWORK_DATA, mle_values.PREFIX_SUB_TLVS, mle_values.SERVICE_SUB_TLVS]
    assert set().union(*tested) == set(NetworkDataType)


def test_every_truncation_of_a_real_message_decodes_or_is_malformed() -> None:
    whole, cut = 0, 0
    for message in REAL:
        for size in range(len(message)):
            try:
                value = MLE_MESSAGE.decode(message[:size])
            except MalformedFrame:
                cut += 1
            else:
                whole += 1
                assert MLE_MESSAGE.encode(value) == message[:size]
    assert 0 < whole < cut
