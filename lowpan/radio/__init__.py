"""Radio: all that the stack asks of a transceiver.

Nothing but the received frame is imported before it is asked for: reading captures needs no more.
"""

from typing import TYPE_CHECKING

from lowpan.radio.received import Fcs, ReceivedFrame

__all__ = [
    "CHANNELS_2450",
    "Fcs",
    "Happening",
    "Radio",
    "RadioCapability",
    "RadioNotice",
    "RadioSettings",
    "RadioStatistics",
    "RadioUri",
    "ReceivedFrame",
    "TransmitOutcome",
    "TransmitParameters",
    "TransmitStatus",
    "neighbours_acknowledge",
    "open_radio",
    "parse_radio_uri",
    "radio_schemes",
]

if TYPE_CHECKING:
    from lowpan.radio.opening import RadioUri, open_radio, parse_radio_uri, radio_schemes
    from lowpan.radio.transceiver import (
        CHANNELS_2450,
        Happening,
        Radio,
        RadioCapability,
        RadioNotice,
        RadioSettings,
        RadioStatistics,
        TransmitOutcome,
        TransmitParameters,
        TransmitStatus,
        neighbours_acknowledge,
    )
else:
    _OPENING = {"RadioUri", "open_radio", "parse_radio_uri", "radio_schemes"}

    def __getattr__(name: str) -> object:
        """Import the public `name` and keep it; raise AttributeError for any other."""
        if name not in __all__:
            raise AttributeError(f"module 'lowpan.radio' has no attribute {name!r}")
        from importlib import import_module  # noqa: PLC0415  (only when a name is asked for)

        home = "lowpan.radio.opening" if name in _OPENING else "lowpan.radio.transceiver"
        value = getattr(import_module(home), name)
        globals()[name] = value
        return value
