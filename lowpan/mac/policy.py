"""Which frames must be protected, and how well (IEEE 802.15.4-2006 §7.5.8.2.8)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lowpan.errors import MalformedFrame
from lowpan.mac.ccm_star import mic_octets_required
from lowpan.mac.frame_security import SecurableFrame
from lowpan.wire.ieee802154 import FrameType
from lowpan.wire.information_elements import split_payload
from lowpan.wire.mac_command import CommandId

JOINING_COMMANDS = frozenset(
    {CommandId.ASSOCIATION_REQUEST, CommandId.ASSOCIATION_RESPONSE, CommandId.DATA_REQUEST}
)
"""What a device exchanges to join, before it has a key; it asks for the response by a poll."""


def is_at_least(level: int, minimum: int) -> bool:
    """Tell whether security `level` encrypts if `minimum` does, with as long a MIC or longer."""
    return level & 4 >= minimum & 4 and level & 3 >= minimum & 3


@dataclass(frozen=True, slots=True)
class SecurityPolicy:
    """The lowest security level for each type of frame; 0 lets frames in clear pass.

    Types that are not in the table are not taken at all.
    """

    minimum_levels: Mapping[int, int]
    """0..7 by FrameType."""
    unsecured_commands: frozenset[int] = field(default_factory=frozenset[int])
    """Commands that pass in clear, see CommandId; protected ones need the level of the table."""
    data_in_clear: bool = False
    """Data frames pass in clear too, though ours go out secured: for MLE, which protects itself.
    Whoever takes them must take nothing else so."""

    @classmethod
    def for_level(
        cls,
        level: int,
        *,
        beacons_in_clear: bool = True,
        beacon_requests_in_clear: bool = False,
        joining_in_clear: bool = False,
        data_in_clear: bool = False,
    ) -> "SecurityPolicy":
        """Return the policy of a network whose nodes secure their frames at `level`.

        Beacons in clear are for scans to find; nobody should believe them.  Nor can immediate
        acknowledgments be secured.  A coordinator that shows itself to strangers takes beacon
        requests in clear, and one that lets devices join without a key takes JOINING_COMMANDS.
        """
        mic_octets_required(level)
        in_clear = set[int]()
        if beacon_requests_in_clear:
            in_clear.add(CommandId.BEACON_REQUEST)
        if joining_in_clear:
            in_clear |= JOINING_COMMANDS
        levels: dict[int, int] = {
            FrameType.BEACON: 0 if beacons_in_clear else level,
            FrameType.DATA: level,
            FrameType.ACKNOWLEDGMENT: 0,
            FrameType.MAC_COMMAND: level,
            FrameType.MULTIPURPOSE: level,
        }
        return cls(levels, frozenset(in_clear), data_in_clear)

    def allows(self, frame_type: int, level: int) -> bool:
        """Tell whether a frame of this type may be protected at `level`, 0 for in clear."""
        minimum = self.minimum_levels.get(frame_type)
        return minimum is not None and is_at_least(level, minimum)

    def allows_in_clear(self, frame: SecurableFrame) -> bool:
        """Tell whether `frame`, which is not secured, may pass."""
        if self.allows(frame.control.frame_type, 0):
            return True
        if frame.control.frame_type == FrameType.DATA:
            return self.data_in_clear
        if frame.control.frame_type != FrameType.MAC_COMMAND or not self.unsecured_commands:
            return False
        return command_of(frame) in self.unsecured_commands


def command_of(frame: SecurableFrame) -> int | None:
    """Return the identifier of the command that `frame`, in clear, carries; None without one."""
    try:
        payload = split_payload(frame.header_ies, frame.payload).payload
    except MalformedFrame:
        return None
    return payload[0] if payload else None
