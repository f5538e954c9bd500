from hypothesis import given
from hypothesis import strategies as st

from lowpan.mesh.neighbour_room import NeighbourRoom

NAMES = [bytes([number]) * 8 for number in range(6)]
STEPS = st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 3), st.booleans(), st.booleans()))


def test_the_least_worthy_leaves_first_and_of_those_the_most_silent() -> None:
    room = NeighbourRoom(4)
    for name, worth in zip(NAMES, (3, 1, 2, 1), strict=False):
        room.place(name, worth)
    assert room.full
    assert room.least() == (NAMES[1], 1)
    room.place(NAMES[1], 1)  # it was heard
    assert room.least() == (NAMES[3], 1)
    room.place(NAMES[3], 3)  # it got better
    room.place(NAMES[1], 2)
    assert room.least() == (NAMES[2], 2)
    room.remove(NAMES[2])
    assert not room.full


def test_the_pinned_take_room_and_never_leave() -> None:
    room = NeighbourRoom(2)
    room.place(NAMES[0], 0, pinned=True)
    room.place(NAMES[1], 3, pinned=True)
    assert room.full
    assert room.least() is None
    room.place(NAMES[1], 3)
    assert room.least() == (NAMES[1], 3)


@given(STEPS)
def test_it_agrees_with_a_list_that_is_searched(
    steps: list[tuple[bytes, int, bool, bool]],
) -> None:
    room, model = NeighbourRoom(len(NAMES)), dict[bytes, tuple[bool, int, int]]()
    for number, (name, worth, pinned, removed) in enumerate(steps):
        if removed:
            room.remove(name)
            model.pop(name, None)
        else:
            room.place(name, worth, pinned=pinned)
            model[name] = pinned, worth, number
        order = sorted((worth, at, name) for name, (pins, worth, at) in model.items() if not pins)
        assert room.least() == ((order[0][2], order[0][0]) if order else None)
        assert room.full == (len(model) == len(NAMES))
