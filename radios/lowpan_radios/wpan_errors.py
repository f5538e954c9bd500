"""What Linux refuses, in words: one line of cause and one of cure."""

import errno
import sys
from pathlib import Path

from lowpan.errors import RadioError

PERMISSION = (
    "run it by sudo, or give Python the right once: "
    f"sudo setcap cap_net_raw,cap_net_admin+ep {Path(sys.executable).resolve()}"
)
MODULES = (
    "load the module of your radio, such as atusb, at86rf230 or mac802154_hwsim, by sudo modprobe; "
    "kernels made for clouds have none"
)

CURES = {
    errno.EPERM: PERMISSION,
    errno.EACCES: PERMISSION,
    errno.ENOENT: MODULES,
    errno.EAFNOSUPPORT: "load the modules: sudo modprobe af_packet ieee802154",
    errno.EPROTONOSUPPORT: "load the modules: sudo modprobe af_packet ieee802154",
    errno.ENODEV: "plug it in again; lowpan radios shows what there is",
    errno.ENXIO: "plug it in again; lowpan radios shows what there is",
    errno.ENETDOWN: "take it up: sudo ip link set INTERFACE up",
    errno.EOPNOTSUPP: "leave that setting as the radio has it",
    errno.ERANGE: "iwpan phy shows what the radio has",
    errno.EINVAL: "iwpan phy shows what the radio has",
    errno.EAGAIN: "close the other program that uses it",
    errno.ENFILE: "iwpan dev shows which interfaces there are; remove those that nobody needs",
}
"""By errno, what can be done."""


def refused(uri: str, doing: str, error: OSError) -> RadioError:
    """Return what to raise when the kernel refuses with `error` while we are `doing` something."""
    cure = CURES.get(error.errno or 0, "dmesg may say more")
    why = error.strerror or type(error).__name__
    return RadioError(f"{uri}: {doing}: {why}", cure)


def no_modules(uri: str) -> RadioError:
    """Return what to raise where the kernel knows no 802.15.4 at all."""
    return RadioError(f"{uri}: this kernel has no 802.15.4 loaded (no nl802154)", MODULES)


def not_linux(uri: str) -> RadioError:
    """Return what to raise on other systems."""
    cure = "use the radio by its serial port, such as spinel: or nordic:"
    return RadioError(f"{uri}: such interfaces are Linux's", cure)
