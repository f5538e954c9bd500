"""Times against the numbers of the standard, in microseconds."""

import pytest

from lowpan.mac.timing import (
    BPSK_868,
    BPSK_915,
    O_QPSK_868,
    O_QPSK_2450,
    O_QPSK_SUB_GHZ,
    SUN_FSK_50,
    SUN_FSK_100,
    SUN_FSK_150,
    PhyTiming,
    sun_fsk,
)

# symbol, octet, preamble and headers, aUnitBackoffPeriod (20 symbols), macAckWaitDuration
TABLE = {
    "2450 MHz O-QPSK, 250 kbit/s": (O_QPSK_2450, 16, 32, 192, 320, 864),
    "780 and 915 MHz O-QPSK, 250 kbit/s": (O_QPSK_SUB_GHZ, 16, 32, 192, 320, 864),
    "868 MHz O-QPSK, 100 kbit/s": (O_QPSK_868, 40, 80, 480, 800, 2160),
    "868 MHz BPSK, 20 kbit/s": (BPSK_868, 50, 400, 2400, 1000, 6000),
    "915 MHz BPSK, 40 kbit/s": (BPSK_915, 25, 200, 1200, 500, 3000),
    "SUN FSK, 50 kbit/s": (SUN_FSK_50, 20, 160, 1920, 400, 3360),
    "SUN FSK, 100 kbit/s": (SUN_FSK_100, 10, 80, 960, 200, 1680),
}


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE.keys())
def test_table(row: tuple[PhyTiming, int, int, int, int, int]) -> None:
    phy, symbol, octet, header, backoff, ack_wait = row
    assert phy.symbols(1) == symbol
    assert phy.air_time(0) == header + phy.fcs_octets * octet
    assert phy.air_time(10) - phy.air_time(0) == 10 * octet
    assert (phy.unit_backoff_period, phy.ack_wait) == (backoff, ack_wait)
    assert (phy.turnaround, phy.cca) == (12 * symbol, 8 * symbol)
    assert phy.interframe_space(16) == 12 * symbol
    assert phy.interframe_space(17) == 40 * symbol
    assert phy.scan_duration(0) == 960 * 2 * symbol
    assert phy.scan_duration(14) == 960 * 16385 * symbol
    assert phy.response_wait == 32 * 960 * symbol
    assert phy.transaction_persistence == 500 * 960 * symbol


def test_2450_mhz_as_the_standard_counts_it() -> None:
    assert O_QPSK_2450.air_time(125) == 4256  # 266 symbols, aMaxPHYPacketSize
    assert O_QPSK_2450.air_time(3) == 352  # an Imm-Ack
    assert O_QPSK_2450.ack_wait == 54 * 16
    assert O_QPSK_2450.frame_total_wait == 1986 * 16
    assert O_QPSK_2450.response_wait == 491_520
    assert O_QPSK_2450.transaction_persistence == 7_680_000
    assert O_QPSK_2450.longest_frame == 127


def test_sun_fsk_has_a_phr_of_two_octets_and_an_fcs_of_two_or_four() -> None:
    # 8 octets of preamble, 2 of SFD, 2 of PHR; 11 bits for the length
    assert SUN_FSK_50.air_time(0) == (8 + 2 + 2 + 2) * 160
    assert sun_fsk(50_000, fcs_octets=4).air_time(0) == (8 + 2 + 2 + 4) * 160
    assert sun_fsk(50_000, preamble_octets=4).air_time(0) == (4 + 2 + 2 + 2) * 160
    assert SUN_FSK_50.longest_frame == 2047
    with_long_fcs = sun_fsk(50_000, fcs_octets=4).ack_wait
    assert with_long_fcs - SUN_FSK_50.ack_wait == 2 * 160
    assert SUN_FSK_150.air_time(1000) == -(-(12 + 1002) * 160 // 3)  # 150 kbit/s divides nothing
