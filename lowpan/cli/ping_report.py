"""Answers and statistics of echo requests, in the words of ping."""

import errno
from dataclasses import dataclass, field
from math import sqrt

from lowpan.aio.pinging import EchoAnswer, EchoFailure
from lowpan.wire.icmpv6 import Icmpv6Type

_UNREACHABLE = (
    "No route",
    "Administratively prohibited",
    "Beyond scope of source address",
    "Address unreachable",
    "Port unreachable",
    "Source address failed ingress/egress policy",
    "Reject route to destination",
)
"""As ping says the codes."""
_NEVER_LEFT = {errno.ENETUNREACH: "No route", errno.EHOSTUNREACH: "Address unreachable"}


@dataclass(slots=True)
class Tally:
    """What became of all requests; times in seconds."""

    transmitted: int = 0
    answered: set[int] = field(default_factory=set[int])
    duplicates: int = 0
    altered: int = 0
    failures: int = 0
    times: list[float] = field(default_factory=list[float])
    begun: float = 0.0
    ended: float = 0.0

    def add(self, answer: EchoAnswer | EchoFailure) -> None:
        """Take in one answer."""
        if isinstance(answer, EchoFailure):
            self.failures += 1
            return
        self.times.append(answer.round_trip)
        self.altered += answer.is_altered
        if answer.is_duplicate:
            self.duplicates += 1
        else:
            self.answered.add(answer.sequence_number)

    def lines(self, name: str) -> list[str]:
        """Return the statistics."""
        received, sent = len(self.answered), self.transmitted
        loss = 100 * (sent - received) / sent if sent else 0.0
        parts = [f"{sent} packets transmitted", f"{received} received"]
        for number, what in (
            (self.duplicates, "duplicates"),
            (self.altered, "corrupted"),
            (self.failures, "errors"),
        ):
            parts += [f"+{number} {what}"] if number else []
        milliseconds = round(1000 * (self.ended - self.begun))
        parts += [f"{loss:g}% packet loss", f"time {milliseconds}ms"]
        return ["", f"--- {name} ping statistics ---", ", ".join(parts), self._round_trips()]

    def _round_trips(self) -> str:
        if not self.times:
            return ""
        times = [1000 * each for each in self.times]
        mean = sum(times) / len(times)
        deviation = sqrt(max(sum(each * each for each in times) / len(times) - mean * mean, 0))
        numbers = (min(times), mean, max(times), deviation)
        return f"rtt min/avg/max/mdev = {'/'.join(f'{each:.3f}' for each in numbers)} ms"


def line_of(answer: EchoAnswer | EchoFailure) -> str:
    """Return how ping says an answer."""
    if isinstance(answer, EchoFailure):
        return f"From {answer.source} icmp_seq={answer.sequence_number} {_failure(answer)}"
    line = (
        f"{answer.octets} bytes from {answer.source}: icmp_seq={answer.sequence_number}"
        f" ttl={answer.hop_limit} time={milliseconds_of(answer.round_trip)} ms"
    )
    if answer.is_duplicate:
        line += " (DUP!)"
    return f"{line} (not what was sent)" if answer.is_altered else line


def milliseconds_of(seconds: float) -> str:
    """Return milliseconds to as many places as ping shows: three digits at least."""
    milliseconds = 1000 * seconds
    for limit, places in ((1, 3), (9.995, 2), (99.95, 1)):
        if milliseconds < limit:
            return f"{milliseconds:.{places}f}"
    return f"{milliseconds:.0f}"


def _failure(failure: EchoFailure) -> str:
    """Return what went wrong in ping's words."""
    error = failure.received
    if error is None:
        words = _NEVER_LEFT.get(failure.error.errno or 0, failure.error.strerror)
        return f"Destination unreachable: {words}"
    if error.type == Icmpv6Type.DESTINATION_UNREACHABLE:
        known = error.code < len(_UNREACHABLE)
        what = _UNREACHABLE[error.code] if known else f"Unknown code {error.code}"
        return f"Destination unreachable: {what}"
    if error.type == Icmpv6Type.PACKET_TOO_BIG:
        return f"Packet too big: mtu={error.parameter}"
    if error.type == Icmpv6Type.TIME_EXCEEDED:
        return "Time exceeded: " + ("Defragmentation failure" if error.code else "Hop limit")
    return f"Parameter problem: code {error.code}, pointer {error.parameter}"
