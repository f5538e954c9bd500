"""lowpan: IEEE 802.15.4, 6LoWPAN and MLE.

Every public name is imported when it is first asked for (PEP 562), so `import lowpan` costs
nothing but itself.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "AssociationError",
    "Capture",
    "CaptureError",
    "Datagram",
    "DecodedFrame",
    "DecodedMle",
    "Fcs",
    "FieldOutOfRange",
    "Follower",
    "Given",
    "KeyFormatError",
    "LowpanError",
    "MalformedFrame",
    "MleOptions",
    "Node",
    "NodeSecurity",
    "Outcome",
    "Protection",
    "RadioError",
    "RawKey",
    "ReceivedFrame",
    "SecurityError",
    "ThreadKey",
    "ThreadOptions",
    "decode",
    "open_capture",
    "parse_dataset",
    "read_key_file",
    "read_profile",
]

if TYPE_CHECKING:
    from lowpan.aio.mle_options import MleOptions
    from lowpan.aio.node import Node
    from lowpan.aio.securing import NodeSecurity
    from lowpan.aio.thread_options import ThreadOptions
    from lowpan.capture.datagram import Datagram
    from lowpan.capture.decoded import DecodedFrame, DecodedMle, Outcome, Protection
    from lowpan.capture.follower import Follower
    from lowpan.capture.key_sources import Given, parse_dataset, read_key_file
    from lowpan.capture.keys import RawKey, ThreadKey
    from lowpan.capture.session import Capture, decode, open_capture
    from lowpan.capture.wireshark_profile import read_profile
    from lowpan.errors import (
        AssociationError,
        CaptureError,
        FieldOutOfRange,
        KeyFormatError,
        LowpanError,
        MalformedFrame,
        RadioError,
        SecurityError,
    )
    from lowpan.radio import Fcs, ReceivedFrame
else:  # hidden from type checkers, which would take any misspelt name for granted
    _HOMES = {
        "AssociationError": "lowpan.errors",
        "Capture": "lowpan.capture.session",
        "CaptureError": "lowpan.errors",
        "Datagram": "lowpan.capture.datagram",
        "DecodedFrame": "lowpan.capture.decoded",
        "DecodedMle": "lowpan.capture.decoded",
        "Fcs": "lowpan.radio",
        "FieldOutOfRange": "lowpan.errors",
        "Follower": "lowpan.capture.follower",
        "Given": "lowpan.capture.key_sources",
        "KeyFormatError": "lowpan.errors",
        "LowpanError": "lowpan.errors",
        "MalformedFrame": "lowpan.errors",
        "MleOptions": "lowpan.aio.mle_options",
        "Node": "lowpan.aio.node",
        "NodeSecurity": "lowpan.aio.securing",
        "Outcome": "lowpan.capture.decoded",
        "Protection": "lowpan.capture.decoded",
        "RadioError": "lowpan.errors",
        "RawKey": "lowpan.capture.keys",
        "ReceivedFrame": "lowpan.radio",
        "SecurityError": "lowpan.errors",
        "ThreadKey": "lowpan.capture.keys",
        "ThreadOptions": "lowpan.aio.thread_options",
        "decode": "lowpan.capture.session",
        "open_capture": "lowpan.capture.session",
        "parse_dataset": "lowpan.capture.key_sources",
        "read_key_file": "lowpan.capture.key_sources",
        "read_profile": "lowpan.capture.wireshark_profile",
    }
    """Public name -> the module that it is imported from."""

    def __getattr__(name: str) -> object:
        """Import the public `name` and keep it; raise AttributeError for any other."""
        if name not in _HOMES:
            raise AttributeError(f"module 'lowpan' has no attribute {name!r}")
        from importlib import import_module  # noqa: PLC0415  (only when a name is asked for)

        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        """Return the public names, imported yet or not."""
        return sorted({*globals(), *__all__})
