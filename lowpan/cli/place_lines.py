"""What happens to a node's place in a PAN, as lines of text."""

from lowpan.mac.association import Associated, NotAssociated
from lowpan.mac.coordinating import DeviceJoined, DeviceLeft
from lowpan.mac.management_service import PlaceChange
from lowpan.mac.polling import ParentLost
from lowpan.node.state import shown_link_address


def said_of_place(change: PlaceChange) -> str:
    """Return what happened."""
    match change:
        case Associated(pan_id, short, coordinator, channel):
            name = "our extended address" if short is None else shown_link_address(short)
            where = f"PAN 0x{pan_id:04x} of {shown_link_address(coordinator)}, channel {channel}"
            return f"joined {where}, as {name}"
        case NotAssociated(why, reason):
            return f"in no PAN: {why.value}{f', {reason}' if reason else ''}"
        case ParentLost(parent, unanswered):
            who = shown_link_address(parent)
            return f"coordinator {who} does not answer, {unanswered} polls in a row"
        case DeviceJoined(extended, short, capability, verified):
            name = "" if short is None else f" as {shown_link_address(short)}"
            marks = ["with the key" if verified else "in clear"]
            marks += [] if capability.receiver_on_when_idle else ["sleeps"]
            return f"device {shown_link_address(extended)} joined{name} ({', '.join(marks)})"
        case DeviceLeft(extended, reason):
            return f"device {shown_link_address(extended)} is gone ({reason})"
