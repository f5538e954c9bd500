"""lowpan: IEEE 802.15.4, 6LoWPAN and MLE.

Every public name is imported when it is first asked for (PEP 562), so `import lowpan` costs
nothing but itself.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "CaptureError",
    "FieldOutOfRange",
    "KeyFormatError",
    "LowpanError",
    "MalformedFrame",
    "RadioError",
    "SecurityError",
]

if TYPE_CHECKING:
    from lowpan.errors import (
        CaptureError,
        FieldOutOfRange,
        KeyFormatError,
        LowpanError,
        MalformedFrame,
        RadioError,
        SecurityError,
    )
else:  # hidden from type checkers, which would take any misspelt name for granted
    _HOMES = {
        "CaptureError": "lowpan.errors",
        "FieldOutOfRange": "lowpan.errors",
        "KeyFormatError": "lowpan.errors",
        "LowpanError": "lowpan.errors",
        "MalformedFrame": "lowpan.errors",
        "RadioError": "lowpan.errors",
        "SecurityError": "lowpan.errors",
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
