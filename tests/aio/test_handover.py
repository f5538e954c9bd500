import asyncio
from collections.abc import AsyncIterator

import pytest

from lowpan.aio.handover import Handover


async def fetched(handover: Handover[int]) -> AsyncIterator[int]:
    """Yield what a thread takes, until it is told why there is no more."""
    while True:
        try:
            items = await asyncio.to_thread(handover.take, 1.0)
        except EOFError:
            return
        for item in items:
            yield item


async def test_all_items_come_in_order_though_there_is_room_for_few() -> None:
    handover: Handover[int] = Handover(most=3)
    most = 0

    async def give() -> None:
        nonlocal most
        for number in range(100):
            await handover.put(number)
            most = max(most, handover.waiting)
        handover.end(EOFError())

    giving = asyncio.create_task(give())
    assert [item async for item in fetched(handover)] == list(range(100))
    await giving
    assert most == 3


async def test_what_waits_is_fetched_before_the_end_is_told() -> None:
    handover: Handover[int] = Handover()
    await handover.put(1)
    handover.end(EOFError("first"))
    handover.end(EOFError("second"))
    assert handover.take(0) == [1]
    with pytest.raises(EOFError, match="first"):
        handover.take(0)
    with pytest.raises(EOFError, match="first"):
        handover.take(0)


async def test_a_wait_has_an_end() -> None:
    handover: Handover[int] = Handover()
    assert handover.take(0.01) == []
