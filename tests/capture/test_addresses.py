"""Short addresses, the extended ones behind them, and how many of them are kept."""

import pytest

from lowpan.capture.addresses import MOST_CANDIDATES, AddressBook, Knowledge

PAN_ID, SHORT = 0xFACE, b"\x24\x00"
OWNERS = [bytes.fromhex(f"02aabbccdd0000{number:02x}") for number in range(16)]


def extended(book: AddressBook) -> list[bytes]:
    return [candidate.extended for candidate in book.candidates(PAN_ID, SHORT)]


def test_address_is_known_once_it_was_learnt() -> None:
    book = AddressBook()
    assert book.extended(PAN_ID, SHORT) is None
    assert book.candidates(PAN_ID, SHORT) == []
    assert book.learn(PAN_ID, SHORT, OWNERS[1], Knowledge.MLE)
    assert not book.learn(PAN_ID, SHORT, OWNERS[1], Knowledge.MLE)
    assert book.extended(PAN_ID, SHORT) == OWNERS[1]
    assert book.extended(0xBEEF, SHORT) is None
    assert len(book) == 1


def test_last_owner_comes_first_and_four_earlier_ones_stay() -> None:
    book = AddressBook()
    for owner in OWNERS:
        book.learn(PAN_ID, SHORT, owner, Knowledge.MLE)
    assert extended(book) == OWNERS[:-6:-1]
    assert len(extended(book)) == MOST_CANDIDATES


def test_owner_that_verified_comes_first_again() -> None:
    book = AddressBook()
    for owner in OWNERS[:3]:
        book.learn(PAN_ID, SHORT, owner, Knowledge.MLE)
    book.verified(PAN_ID, SHORT, OWNERS[0])
    assert extended(book) == [OWNERS[0], OWNERS[2], OWNERS[1]]
    assert book.candidates(PAN_ID, SHORT)[0].knowledge == Knowledge.MLE  # the better of both


def test_hearsay_comes_last_and_drives_nothing_out() -> None:
    book = AddressBook()
    book.learn(PAN_ID, SHORT, OWNERS[0], Knowledge.VERIFIED)
    for owner in OWNERS:
        book.learn(PAN_ID, SHORT, owner)
    assert book.extended(PAN_ID, SHORT) == OWNERS[0]
    assert extended(book) == [OWNERS[0], *OWNERS[:-6:-1]]


def test_hearsay_that_verifies_is_certain() -> None:
    book = AddressBook()
    book.learn(PAN_ID, SHORT, OWNERS[0], Knowledge.VERIFIED)
    book.learn(PAN_ID, SHORT, OWNERS[1])
    assert book.learn(PAN_ID, SHORT, OWNERS[1], Knowledge.VERIFIED)
    assert extended(book) == [OWNERS[1], OWNERS[0]]
    assert len(book) == 1


def test_strangers_cannot_fill_the_book() -> None:
    book = AddressBook(most=3)
    book.learn(PAN_ID, SHORT, OWNERS[0], Knowledge.VERIFIED)
    for number in range(100):
        book.learn(PAN_ID, number.to_bytes(2, "big"), OWNERS[1])
    assert len(book) == 4
    assert book.extended(PAN_ID, SHORT) == OWNERS[0]
    assert [book.extended(PAN_ID, bytes([0, number])) for number in (96, 97, 98, 99)] == [
        None,
        *[OWNERS[1]] * 3,
    ]


@pytest.mark.parametrize(
    ("pan_id", "short", "owner"),
    [
        (0xFFFF, SHORT, OWNERS[0]),
        (PAN_ID, b"\xff\xff", OWNERS[0]),
        (PAN_ID, b"\xff\xfe", OWNERS[0]),
        (PAN_ID, b"\x24", OWNERS[0]),
        (PAN_ID, SHORT, bytes(8)),
        (PAN_ID, SHORT, b"\xff" * 8),
        (PAN_ID, SHORT, OWNERS[0] + b"\0"),
    ],
)
def test_address_that_no_device_has_is_not_learnt(pan_id: int, short: bytes, owner: bytes) -> None:
    book = AddressBook()
    assert not book.learn(pan_id, short, owner, Knowledge.GIVEN)
    assert len(book) == 0
