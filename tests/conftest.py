"""What all tests share: peers that may be missing, and how hard hypothesis tries."""

# pyright: reportMissingTypeStubs=false

import os
import shutil
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("tests.radios.contract", "tests.radios.contract_parts")

PEERS = {
    "ping": "apt install iputils-ping",
    "tshark": "apt install tshark",
    "qemu-system-x86_64": (
        "apt install qemu-system-x86 busybox-static kmod xz-utils wpan-tools iproute2 iputils-ping"
    ),
}
"""Programs of others that tests compare lowpan with, and how Debian installs them."""

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, suppress_health_check=_SLOW)
if "LOWPAN_FUZZ_EXAMPLES" in os.environ:  # `make fuzz`
    settings.register_profile(
        "fuzz",
        deadline=None,
        max_examples=int(os.environ["LOWPAN_FUZZ_EXAMPLES"]),
        suppress_health_check=_SLOW,
    )
    settings.load_profile("fuzz")
else:
    settings.load_profile("ci" if "CI" in os.environ else "dev")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give what is asked of the kernel to one worker: there is one boot, for which all would wait.

    The marks of `--dist loadgroup` go unheard by pytest 9.2 with pytest-xdist 3.8.
    """
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415  (may be missing)

    class KernelTogether(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "kernel" if nodeid.startswith("tests/kernel/") else nodeid

    return KernelTogether(config, log)


@pytest.fixture(scope="session")
def require_peer() -> Callable[[str], str]:
    """Return the function that finds a peer program's path or skips the test.

    Under LOWPAN_PEERS=require a missing peer fails the test instead.
    """
    return find_peer


def find_peer(program: str) -> str:
    """Return the path of `program`, one of PEERS."""
    how = PEERS[program]
    if path := shutil.which(program):
        return path
    if os.environ.get("LOWPAN_PEERS") == "require":
        pytest.fail(f"{program} is missing and LOWPAN_PEERS=require: {how}", pytrace=False)
    pytest.skip(f"{program} is missing: {how}")
