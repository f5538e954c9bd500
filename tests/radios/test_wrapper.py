from collections.abc import Callable
from io import BytesIO

import pytest

from lowpan.capture.writer import open_writer
from lowpan.mac.acknowledging import AcknowledgesSecured, SecuredAck
from lowpan.radio import Radio
from lowpan.wire.ieee802154 import Frame
from lowpan_radios.faults import Faults
from lowpan_radios.tee import Tee
from lowpan_radios.wrapper import Wrapper
from tests.peers.air import AirRadio

WRAPPERS: dict[str, Callable[[Radio], Wrapper]] = {
    "tee": lambda radio: Tee(radio, open_writer(BytesIO())),
    "faults": lambda radio: Faults(radio, seed=1),
    "both": lambda radio: Faults(Tee(radio, open_writer(BytesIO())), seed=1),
}


class AskingRadio(AirRadio):
    """Hears all channels, and asks who has keys for its acknowledgments."""

    hears_all_channels = True
    acknowledge_secured: SecuredAck | None = None


def secured(_: Frame, psdu: bytes) -> bytes:
    return psdu[:3]


@pytest.fixture(params=WRAPPERS)
def wrap(request: pytest.FixtureRequest) -> Callable[[Radio], Wrapper]:
    return WRAPPERS[request.param]


async def test_the_radio_inside_has_its_acknowledgments_made(
    wrap: Callable[[Radio], Wrapper],
) -> None:
    inner = AskingRadio()
    radio = wrap(inner)
    assert isinstance(radio, AcknowledgesSecured)
    assert radio.acknowledge_secured is None
    radio.acknowledge_secured = secured
    assert inner.acknowledge_secured is secured
    assert radio.acknowledge_secured is secured
    radio.acknowledge_secured = None
    assert inner.acknowledge_secured is None


async def test_a_radio_inside_that_acknowledges_by_itself_is_told_nothing(
    wrap: Callable[[Radio], Wrapper],
) -> None:
    inner = AirRadio()
    radio = wrap(inner)
    radio.acknowledge_secured = secured
    assert radio.acknowledge_secured is None
    assert not hasattr(inner, "acknowledge_secured")


async def test_it_hears_all_channels_where_the_radio_inside_does(
    wrap: Callable[[Radio], Wrapper],
) -> None:
    assert wrap(AskingRadio()).hears_all_channels
    assert not wrap(AirRadio()).hears_all_channels
