"""What link establishment is told once: what we are, its times and its bounds."""

from dataclasses import dataclass

from lowpan.wire.mle_draft import Mode

ROUTER = Mode(
    rx_on_when_idle=True,
    secure_data_requests=True,
    full_thread_device=True,
    full_network_data=False,
)
"""Listens always, has power from the mains, and is a full-function device."""
SLEEPER = Mode(
    rx_on_when_idle=False,
    secure_data_requests=False,
    full_thread_device=False,
    full_network_data=False,
)
SILENT_INTERVALS = 7
"""Halves of the longest interval between advertisements after which three were missed, or more."""


@dataclass(frozen=True, slots=True)
class MeshLinkSettings:
    """Durations are microseconds; URT, MRT, MRC and the delay of responses are the draft's (§8)."""

    mode: Mode = ROUTER
    """A node that does not listen when idle links with one neighbour, and asks it for frames."""
    timeout: int = 240
    """Seconds of silence that a sleeper asks its neighbour for, 1..86400; Thread's default."""
    poll_interval: int = 4_000_000
    """Between two polls of a sleeper."""
    joining_in_clear: bool = False
    """Answer those who have no key yet, without security; they get no link from it."""

    start_within: int = 2_000_000
    """Delay at most before a node says anything: whole networks start at once."""
    request_within: int = 2_000_000
    """Delay at most of a request to somebody new: 30 neighbours of it may want the same."""
    urt: int = 1_000_000
    mrt: int = 5_000_000
    mrc: int = 3
    """Retransmissions, not counting the first transmission."""
    response_delay: int = 1_000_000
    """Delay at most of an answer to a multicast."""
    retry_first: int = 8_000_000
    retry_last: int = 256_000_000
    """Pauses after requests that nobody answered: each is twice as long as the one before."""

    advertise_first: int = 1_000_000
    advertise_last: int = 64_000_000
    """Trickle's i_min and i_max.  All nodes of a network should have the same."""
    silent_for: int = 224_000_000
    """Silence after which a neighbour is asked whether it is there: three advertisements missed,
    or more.  With n missed, two are n + 1/2 to n + 3/2 of the longest intervals apart."""
    save_after: int = 10_000_000
    """Delay before changes of the neighbour table go to the store, many in one go."""

    most_exchanges: int = 8
    """Neighbours asked at a time: with their answers, a tenth of a channel."""
    most_answers: int = 64
    """Answers to multicasts that wait, more than all neighbours of a dense network."""
    most_octets: int = 95
    """Octets of MLE in one unsecured frame to an extended address, never fragmented: 127, less 23
    of frame header and FCS, 2 of IPv6 and 7 of UDP."""

    @classmethod
    def paced(cls, advertise_last: int | None, mode: Mode = ROUTER) -> "MeshLinkSettings":
        """Advertise at that longest interval, and wait for as many missed ones before asking.

        The longer it is, the less the links of a network cost, and the later is noticed who is
        gone and was sent nothing.  None: the default.
        """
        if advertise_last is None:
            return cls(mode=mode)
        silent_for = SILENT_INTERVALS * advertise_last // 2
        return cls(mode=mode, advertise_last=advertise_last, silent_for=silent_for)
