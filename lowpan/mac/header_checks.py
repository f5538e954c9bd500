"""What an auxiliary security header says by itself, before any key is tried."""

from lowpan.mac.ccm_star import LAST_FRAME_COUNTER
from lowpan.mac.keys import is_well_known
from lowpan.mac.policy import SecurityPolicy
from lowpan.mac.service import Drop
from lowpan.wire.security_header import AuxiliarySecurityHeader

NO_COUNTER = "no frame counter to tell a replay by"


def header_fault(
    policy: SecurityPolicy, frame_type: int, security: AuxiliarySecurityHeader
) -> tuple[Drop, str] | None:
    """Return why the header alone is enough to refuse a frame of that type, None if it is not."""
    level = security.control.security_level
    if not level & 3:
        return Drop.LEVEL, f"security level {level} has no MIC"
    if not policy.allows(frame_type, level):
        return Drop.LEVEL, f"security level {level} is too low"
    if security.frame_counter is None or security.control.asn_in_nonce:
        return Drop.LEVEL, NO_COUNTER
    if security.frame_counter >= LAST_FRAME_COUNTER:
        return Drop.COUNTER, "its frame counter is the one never used"
    if is_well_known(security.key_source, security.key_index):
        return Drop.NO_KEY, "sealed with the key that everybody knows"
    return None


def are_alike(security: AuxiliarySecurityHeader, other: AuxiliarySecurityHeader) -> bool:
    """Tell whether both name the same security level and key."""
    return (
        security.control.security_level == other.control.security_level
        and security.control.key_identifier_mode == other.control.key_identifier_mode
        and security.key_source == other.key_source
        and security.key_index == other.key_index
    )


def shown_key(security: AuxiliarySecurityHeader) -> str:
    """Say what a frame calls its key."""
    if not security.control.key_identifier_mode:
        return "for this peer alone (key identifier mode 0)"
    source = f", source {security.key_source.hex()}" if security.key_source else ""
    return f"with index {security.key_index}{source}"
