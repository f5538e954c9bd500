"""Times of the PHYs that the link layer counts with (IEEE 802.15.4-2020 §8.4.2.1, §10 to §19)."""

from dataclasses import dataclass

MAC_MIN_BE, MAC_MAX_BE = 3, 5
MAC_MAX_CSMA_BACKOFFS = 4
MAC_MAX_FRAME_RETRIES = 3
MAC_TRANSACTION_PERSISTENCE_TIME = 0x01F4
"""In units of aBaseSuperframeDuration, for PANs without beacons: 7.68 s at 2450 MHz."""

A_BASE_SUPERFRAME_DURATION = 960
"""Symbols."""
A_UNIT_BACKOFF_PERIOD = 20
A_TURNAROUND_TIME = 12
CCA_TIME = 8
A_MAX_SIFS_FRAME_SIZE = 18
"""Octets of the longest frame, FCS included, after which the short space is enough."""
SIFS_PERIOD, LIFS_PERIOD = 12, 40
IMMEDIATE_ACK_OCTETS = 3
"""Of an Imm-Ack without its FCS."""
MAC_RESPONSE_WAIT_TIME = 32
"""In units of aBaseSuperframeDuration: 491.52 ms at 2450 MHz."""
A_MAX_PHY_PACKET_SIZE = 127
"""Octets of the longest PSDU with its FCS, for PHYs without longer ones (§11.1)."""
SUN_MAX_PHY_PACKET_SIZE = 2047
"""The same for SUN FSK: its PHR has 11 bits for the length."""


@dataclass(frozen=True, slots=True)
class PhyTiming:
    """How long things take on one PHY; all properties are whole microseconds, rounded up."""

    symbol_ns: int
    """One symbol."""
    octet_ns: int
    """One octet of the PSDU."""
    header_ns: int
    """Preamble, start-of-frame delimiter and PHY header."""
    fcs_octets: int = 2
    """2, or 4 where the PHR says so (SUN)."""
    longest_frame: int = A_MAX_PHY_PACKET_SIZE
    """Octets of the longest PSDU, FCS included, that its receivers must take."""

    def symbols(self, count: int) -> int:
        """Return how long `count` symbols take."""
        return -(-count * self.symbol_ns // 1000)

    def air_time(self, psdu_octets: int) -> int:
        """Return how long a frame is on air; `psdu_octets` are counted without the FCS."""
        octets = psdu_octets + self.fcs_octets
        return -(-(self.header_ns + octets * self.octet_ns) // 1000)

    @property
    def unit_backoff_period(self) -> int:
        """Slot of CSMA-CA (aUnitBackoffPeriod)."""
        return self.symbols(A_UNIT_BACKOFF_PERIOD)

    @property
    def turnaround(self) -> int:
        """From receiving to transmitting (aTurnaroundTime), and so between frame and ack."""
        return self.symbols(A_TURNAROUND_TIME)

    @property
    def cca(self) -> int:
        """How long a clear channel assessment listens."""
        return self.symbols(CCA_TIME)

    @property
    def ack_wait(self) -> int:
        """How long the sender waits for an Imm-Ack to have come in (macAckWaitDuration)."""
        return self.ack_wait_for(IMMEDIATE_ACK_OCTETS)

    def ack_wait_for(self, psdu_octets: int) -> int:
        """Return how long to wait for an acknowledgment as long as this, without its FCS."""
        ack = self.header_ns + (psdu_octets + self.fcs_octets) * self.octet_ns
        symbols = (A_UNIT_BACKOFF_PERIOD + A_TURNAROUND_TIME) * self.symbol_ns
        return -(-(symbols + ack) // 1000)

    def interframe_space(self, psdu_octets: int) -> int:
        """Return how long a sender stays silent after a frame that nobody acknowledges."""
        short = psdu_octets + self.fcs_octets <= A_MAX_SIFS_FRAME_SIZE
        return self.symbols(SIFS_PERIOD if short else LIFS_PERIOD)

    @property
    def transaction_persistence(self) -> int:
        """How long a frame waits for a sleeping receiver (macTransactionPersistenceTime)."""
        return self.symbols(A_BASE_SUPERFRAME_DURATION * MAC_TRANSACTION_PERSISTENCE_TIME)

    @property
    def response_wait(self) -> int:
        """How long a coordinator has for its answer to a command (macResponseWaitTime)."""
        return self.symbols(A_BASE_SUPERFRAME_DURATION * MAC_RESPONSE_WAIT_TIME)

    @property
    def frame_total_wait(self) -> int:
        """How long to listen for a frame that an acknowledgment promised.

        macMaxFrameTotalWaitTime with the defaults of CSMA-CA: its longest backoffs, and the
        longest frame.
        """
        growing = min(MAC_MAX_BE - MAC_MIN_BE, MAC_MAX_CSMA_BACKOFFS)
        backoffs = sum(1 << MAC_MIN_BE + step for step in range(growing))
        backoffs += ((1 << MAC_MAX_BE) - 1) * (MAC_MAX_CSMA_BACKOFFS - growing)
        frame = self.air_time(self.longest_frame - self.fcs_octets)
        return self.symbols(A_UNIT_BACKOFF_PERIOD * backoffs) + frame

    def scan_duration(self, exponent: int) -> int:
        """Return how long a scan stays on a channel, for ScanDuration 0..14 (§6.3.1)."""
        return self.symbols(A_BASE_SUPERFRAME_DURATION * ((1 << exponent) + 1))


O_QPSK_2450 = PhyTiming(symbol_ns=16_000, octet_ns=32_000, header_ns=192_000)
"""250 kbit/s: 4 preamble octets, SFD, PHR."""
O_QPSK_SUB_GHZ = PhyTiming(symbol_ns=16_000, octet_ns=32_000, header_ns=192_000)
"""780 and 915 MHz O-QPSK, 250 kbit/s, as at 2450 MHz; 868 MHz has 100 kbit/s."""
O_QPSK_868 = PhyTiming(symbol_ns=40_000, octet_ns=80_000, header_ns=480_000)
"""868 MHz O-QPSK, 100 kbit/s."""
BPSK_868 = PhyTiming(symbol_ns=50_000, octet_ns=400_000, header_ns=2_400_000)
"""868 MHz BPSK, 20 kbit/s: a bit is a symbol."""
BPSK_915 = PhyTiming(symbol_ns=25_000, octet_ns=200_000, header_ns=1_200_000)
"""915 MHz BPSK, 40 kbit/s."""


def sun_fsk(bits_per_second: int, *, preamble_octets: int = 8, fcs_octets: int = 2) -> PhyTiming:
    """Return the times of SUN FSK with two levels, where a bit is a symbol (§19).

    Behind the preamble come an SFD of 2 octets and a PHR of 2 octets, in which one bit says
    whether the FCS has 2 or 4 octets.
    """
    bit_ns = round(1_000_000_000 / bits_per_second)
    octet_ns = round(8_000_000_000 / bits_per_second)
    header_ns = (preamble_octets + 4) * octet_ns
    return PhyTiming(bit_ns, octet_ns, header_ns, fcs_octets, SUN_MAX_PHY_PACKET_SIZE)


SUN_FSK_50, SUN_FSK_100 = sun_fsk(50_000), sun_fsk(100_000)
SUN_FSK_150, SUN_FSK_200 = sun_fsk(150_000), sun_fsk(200_000)
