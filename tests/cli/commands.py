"""The command run as users run it: in a process of its own."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parent.parent.parent
CAPTURES = ROOT / "tests" / "captures"
ATTACH = CAPTURES / "openthread" / "i-attach-router.pcap"
FRAGMENTS = CAPTURES / "openthread" / "iii-ping-frag-mesh.pcap"
KEY = "00112233445566778899aabbccddeeff"
LOWPAN = [sys.executable, "-m", "lowpan.cli"]


def lowpan(*arguments: object, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run lowpan with `arguments` and return what it printed."""
    command = [*LOWPAN, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False, **more)


def start(*arguments: object) -> subprocess.Popen[bytes]:
    """Start lowpan with pipes at all its ends, and to be interrupted even if we are not."""
    command = [*LOWPAN, *map(str, arguments)]
    pipe = subprocess.PIPE
    process: subprocess.Popen[bytes] = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        preexec_fn=_heed_interruption,  # noqa: PLW1509 - there are no threads here
    )
    return process


def _heed_interruption() -> None:
    """Undo what a shell does to its background jobs."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def pipe_of(stream: IO[bytes] | None) -> IO[bytes]:
    """Return an end of a pipe that is there."""
    assert stream is not None
    return stream
