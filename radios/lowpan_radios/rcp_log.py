"""The log of a radio co-processor, which it sends among everything else."""

LONGEST_LINE = 200
"""Characters of a line that are kept."""

MOST_LINES = 50
"""Lines in one second that are passed on: a debug build writes several for each frame."""

_SECOND_NS = 1_000_000_000


class LogLines:
    """Puts pieces of log together to lines; neither a line nor their number grows without end."""

    def __init__(self) -> None:
        self._piece = ""
        self._begin_ns = 0
        self._lines = 0
        self.left_out = 0
        """Lines that were too many."""

    def take(self, octets: bytes, now_ns: int) -> list[str]:
        """Return the lines that a piece of STREAM_DEBUG ends."""
        text = self._piece + octets.decode(errors="replace").replace("\0", "")
        *lines, self._piece = text.replace("\r", "\n").split("\n")
        if len(self._piece) > LONGEST_LINE:
            lines.append(self._piece)
            self._piece = ""
        return self._allowed(lines, now_ns)

    def take_whole(self, octets: bytes, now_ns: int) -> list[str]:
        """Return the lines of a STREAM_LOG: text up to a NUL, and numbers that we leave out."""
        text = octets.partition(b"\0")[0].decode(errors="replace")
        return self._allowed(text.splitlines(), now_ns)

    def _allowed(self, lines: list[str], now_ns: int) -> list[str]:
        if now_ns - self._begin_ns >= _SECOND_NS:
            self._begin_ns, self._lines = now_ns, 0
        plain = [_printable(line) for line in lines if line.strip()]
        allowed = plain[: MOST_LINES - self._lines]
        self._lines += len(allowed)
        self.left_out += len(plain) - len(allowed)
        return allowed


def _printable(line: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in line.strip())[:LONGEST_LINE]
