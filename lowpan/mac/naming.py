"""Who stands behind the short addresses of a PAN, as who joins it is told, for security to try."""

from lowpan.mac.association import Associated
from lowpan.mac.coordinating import DeviceJoined
from lowpan.mac.management_service import Answer
from lowpan.mac.security import LinkSecurity


def note_names(
    security: LinkSecurity | None, pan_id: int, news: Answer, coordinator_names: frozenset[bytes]
) -> None:
    """Remember the short address that a device got, or that our coordinator has.

    Who had a key when it got one has proven it; of all others only their frames do.
    """
    match news:
        case DeviceJoined(extended, short, _, True) if security is not None:
            security.peers.verified(extended, short, pan_id)
        case DeviceJoined(extended, short):
            suggest_name(security, pan_id, extended, short)
        case Associated():
            for name in coordinator_names:
                suggest_name(security, pan_id, news.coordinator, name)
        case _:
            pass


def suggest_name(
    security: LinkSecurity | None, pan_id: int, extended: bytes, short: bytes | None
) -> None:
    """Try `extended` for frames from `short`, if that is what these are."""
    if security is not None and short is not None and len(short) == 2 and len(extended) == 8:
        security.peers.suggest(extended, short, pan_id)
