"""Our node beside Linux's with link-layer security: the same key, level 5, key index 1."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lowpan.aio.securing import NodeSecurity
from lowpan.mac.ccm_star import CcmStarKey
from lowpan.mac.frame_security import open_frame, seal_frame
from lowpan.radio import (
    Radio,
    RadioNotice,
    RadioSettings,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    open_radio,
)
from lowpan.wire.ieee802154 import Frame, decode_frame, encode_frame
from lowpan_radios.nl802154 import Nl802154
from lowpan_radios.wrapper import Wrapper
from tests.kernel.llsec import Llsec
from tests.kernel.node_scenarios import (
    OUR_EUI64,
    OURS,
    THEIRS,
    beside_linux,
    linux_pings,
    we_ping,
)
from tests.radios.contract_parts import until

if TYPE_CHECKING:
    import lowpan

KEY = bytes.fromhex("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf")
SECURITY = NodeSecurity(key=KEY)
SIZES = (56, 1000)
PINGS = 20
FEW = 5
QUIET_S = 0.6
"""Long enough for an answer, if there were one."""


async def secured_pings(directory: Path) -> dict[str, object]:
    """Return how many of PINGS were answered, Linux's and ours, by size, and what was dropped."""
    async with beside_linux(directory, "secured", security=SECURITY) as node:
        answered = {
            size: (await linux_pings(OURS, size, PINGS), await we_ping(node, THEIRS, size, PINGS))
            for size in SIZES
        }
        return {"answered": answered, "dropped": dropped(node)}


def dropped(node: "lowpan.Node") -> dict[str, int]:
    counted: dict[str, int] = node.state()["counters"]["frames_dropped"]
    return counted


class Recorder(Wrapper):
    """Keeps what was heard and sent; turns a bit of each MIC that is sent while it `spoils`."""

    def __init__(self, radio: Radio) -> None:
        super().__init__(radio)
        self.heard: list[bytes] = []
        self.sent: list[bytes] = []
        self.spoils = False

    async def next_event(self) -> ReceivedFrame | RadioNotice:
        event = await super().next_event()
        if isinstance(event, ReceivedFrame):
            self.heard.append(event.psdu)
        return event

    async def transmit(
        self,
        psdu: bytes,
        parameters: TransmitParameters = TransmitParameters(),  # noqa: B008  (frozen)
    ) -> TransmitOutcome:
        if self.spoils:
            psdu = spoilt(psdu)
        self.sent.append(psdu)
        return await super().transmit(psdu, parameters)


def spoilt(psdu: bytes) -> bytes:
    """Return the frame with the last bit of its MIC turned."""
    return psdu[:-1] + bytes([psdu[-1] ^ 1])


def echoes(psdus: list[bytes]) -> list[bytes]:
    """Return the frames with an echo of 56 octets: nothing else to one receiver is as long."""
    frames = [(psdu, decoded(psdu)) for psdu in psdus]
    return [
        psdu
        for psdu, frame in frames
        if len(frame.destination or b"") == 8 and len(frame.payload) > 64
    ]


def answers(psdus: list[bytes], requests: list[bytes]) -> int:
    """Return how many of the frames bring back the data of one of the requests."""
    asked = {opened(psdu)[-56:] for psdu in requests}
    return sum(opened(psdu)[-56:] in asked for psdu in echoes(psdus))


@asynccontextmanager
async def recorded(directory: Path, name: str) -> AsyncGenerator[tuple["lowpan.Node", Recorder]]:
    """Yield our node beside Linux's, both secured, and the recorder around its radio."""
    made: list[Recorder] = []

    def around(radio: Radio) -> Radio:
        made.append(Recorder(radio))
        return made[0]

    async with beside_linux(directory, name, security=SECURITY, around=around) as node:
        yield node, made[0]


async def linux_refuses(directory: Path) -> dict[str, object]:
    """Return what Linux makes of our frames once more, and of some with a wrong MIC."""
    async with recorded(directory, "linux_refuses") as (node, radio):
        before = await we_ping(node, THEIRS, 56, FEW)
        requests = echoes(radio.sent)
        heard = len(radio.heard)
        for psdu in requests:
            await radio.transmit(psdu)
        await asyncio.sleep(QUIET_S)
        # a replay that was taken would have set Linux back
        await until(lambda: counter_at_linux() == 1 + max(map(counter_of, radio.sent)))
        return {
            "before": before,
            "replayed": len(requests),
            "answered": answers(radio.heard[heard:], requests),
            "spoilt, unanswered": await spoilt_pings(node, radio),
            "after": await we_ping(node, THEIRS, 56, FEW),
        }


def counter_of(psdu: bytes) -> int:
    security = decoded(psdu).security
    assert security is not None
    assert security.frame_counter is not None
    return security.frame_counter


def counter_at_linux() -> int | None:
    """Return which frame counter of ours Linux takes for new next."""
    with Llsec("wpan1") as llsec:
        return llsec.frame_counters()[OUR_EUI64]


async def spoilt_pings(node: "lowpan.Node", radio: Recorder) -> int:
    """Return how many requests whose MIC is wrong were sent and not answered."""
    unanswered, sent = 0, len(radio.sent)
    radio.spoils = True
    for _ in range(2):
        try:
            await node.ping(THEIRS, timeout=QUIET_S)
        except TimeoutError:
            unanswered += 1
    radio.spoils = False
    return min(unanswered, len(echoes(radio.sent[sent:])))


async def we_refuse(directory: Path) -> dict[str, object]:
    """Return what we make of Linux's frames once more, with a wrong MIC, and in clear.

    They come from the radio that was Linux's.  At last one comes that is right, to see that
    it is heard at all.
    """
    async with recorded(directory, "we_refuse") as (node, radio):
        answered = await linux_pings(OURS, 56, FEW)
        requests = echoes(radio.heard)
        with Nl802154() as netlink:
            for device in netlink.devices():
                if device.phy == 1:
                    netlink.remove(device.index)
        async with await open_radio("wpan:phy1", RadioSettings(channel=13)) as attacker:

            async def attacked(frames: list[bytes]) -> tuple[int, dict[str, int]]:
                """Return how many frames we answer, and why we drop the others."""
                earlier, sent = dropped(node), len(radio.sent)
                for psdu in frames:
                    await attacker.transmit(psdu)
                await asyncio.sleep(QUIET_S)
                more = Counter(dropped(node)) - Counter(earlier)
                return answers(radio.sent[sent:], requests), dict(more)

            return {
                "answered": answered,
                "replayed": await attacked(requests),
                "spoilt": await attacked([spoilt(psdu) for psdu in requests]),
                "later": await attacked([with_later_counter(psdu) for psdu in requests]),
                "in clear": await attacked([in_clear(psdu) for psdu in requests]),
                "right": await attacked([sealed_anew(requests[-1])]),
            }


def decoded(psdu: bytes) -> Frame:
    frame = decode_frame(psdu)
    assert isinstance(frame, Frame)
    return frame


def with_later_counter(psdu: bytes) -> bytes:
    """Return the frame with a frame counter that has not been, and the MIC that it had."""
    return encode_frame(later(decoded(psdu)))


def later(frame: Frame) -> Frame:
    security = frame.security
    assert security is not None
    assert security.frame_counter is not None
    return replace(frame, security=replace(security, frame_counter=security.frame_counter + 1000))


def opened(psdu: bytes) -> bytes:
    """Return the payload of a frame from an extended address, by the key."""
    frame = decoded(psdu)
    assert frame.source is not None
    return open_frame(frame, psdu, CcmStarKey(KEY), frame.source)


def in_clear(psdu: bytes) -> bytes:
    """Return the frame as somebody sends it who needs no key."""
    frame = decoded(psdu)
    control = replace(frame.control, security_enabled=False)
    return encode_frame(
        replace(frame, control=control, security=None, payload=opened(psdu), mic=b"")
    )


def sealed_anew(psdu: bytes) -> bytes:
    """Return the frame as its sender would send it later, by the key."""
    frame = replace(later(decoded(psdu)), payload=opened(psdu))
    assert frame.source is not None
    return seal_frame(frame, CcmStarKey(KEY), frame.source)


SECURED_SCENARIOS: dict[str, Callable[[Path], Coroutine[Any, Any, object]]] = {
    scenario.__name__: scenario for scenario in (secured_pings, linux_refuses, we_refuse)
}
