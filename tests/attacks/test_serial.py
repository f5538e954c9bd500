"""Attack 31: a serial line that says anything. The number is that of docs/attacks.md."""

from random import Random

import pytest

from lowpan_radios.hdlc import MOST_OCTETS, HdlcDecoder, hdlc_encode

GOOD = b"\x80\x06\x00\x70"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\x7e" * 100,
        b"*** boot: reset by watchdog ***\r\n",
        b"\x7e\x80\x06\x00\x70\x00\x00\x7e",  # a wrong check sequence
        b"\x7e\x80\x06\x7d\x7e",  # the end right behind an escape
        b"\x7d" * 50,
        b"\x7e" + b"\x55" * 100_000,  # without end
        b"\x7e" + b"\x7d\x5e" * 10_000,
        bytes(range(256)) * 100,
        hdlc_encode(GOOD)[:-2],
    ],
)
def test_attack_31_after_anything_the_next_message_is_understood(line: bytes) -> None:
    decoder = HdlcDecoder()
    decoder.decode(line)
    assert decoder.kept <= MOST_OCTETS
    assert decoder.decode(b"\x7e" + hdlc_encode(GOOD))[-1] == GOOD


def test_attack_31_a_line_of_noise_is_counted_and_costs_no_memory() -> None:
    decoder, random, messages = HdlcDecoder(), Random(31), 0
    for _ in range(2_000):
        messages += len(decoder.decode(random.randbytes(500)))
        assert decoder.kept <= MOST_OCTETS
    assert messages < 5, "one in 65,536 has its check sequence by chance"
    assert decoder.garbage + decoder.damaged > 1_000
