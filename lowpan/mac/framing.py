"""MAC headers of the frames that we send (IEEE 802.15.4-2020 §7.2, §7.3.2, §7.3.4)."""

from dataclasses import replace
from functools import lru_cache

from lowpan.errors import FieldOutOfRange
from lowpan.mac.acknowledging import LONGEST_SHORT_ADDRESS
from lowpan.mac.service import BROADCAST
from lowpan.radio import RadioSettings
from lowpan.wire.ieee802154 import FRAME, Frame, FrameControl, FrameType
from lowpan.wire.mac_command import CommandId

A_MAX_PHY_PACKET_SIZE = 127
"""Octets of the longest PSDU with its FCS, for PHYs without longer ones (§11.1)."""
FCS_OCTETS = 2

_MODES = {None: 0, 2: 2, 8: 3}
"""Octets of an address -> addressing mode."""


def own_short_address(settings: RadioSettings) -> bytes | None:
    """Return our short address, None while we have none."""
    short = settings.short_address
    return short.to_bytes(2, "big") if short <= LONGEST_SHORT_ADDRESS else None


def data_frame(  # noqa: PLR0913  (the fields of a header)
    payload: bytes,
    source: bytes | None,
    destination: bytes,
    pan_id: int,
    *,
    acknowledged: bool,
    kind: FrameType = FrameType.DATA,
) -> Frame:
    """Return a frame inside one PAN, in clear, with the sequence number yet to come.

    Version 0, what every receiver since 2003 understands; sealing makes it version 1.
    """
    control = _control(
        int(kind),
        _mode(source),
        _mode(destination),
        acknowledged=acknowledged and destination != BROADCAST,
    )
    return Frame(control, 0, pan_id, destination, None, source, None, (), payload)


def beacon_request() -> Frame:
    """Return the question who is there, to everybody (§7.5.8)."""
    control = FrameControl(FrameType.MAC_COMMAND, destination_addressing_mode=2)
    return Frame(control, 0, 0xFFFF, BROADCAST, payload=bytes((CommandId.BEACON_REQUEST,)))


def data_request(source: bytes, parent: bytes, pan_id: int) -> Frame:
    """Return the question what waits for us at `parent` (§7.5.5)."""
    command = bytes((CommandId.DATA_REQUEST,))
    return data_frame(
        command,
        source,
        parent,
        pan_id,
        acknowledged=True,
        kind=FrameType.MAC_COMMAND,
    )


def with_frame_pending(frame: Frame) -> Frame:
    """Return `frame`, which says that more follows for its receiver."""
    return replace(frame, control=replace(frame.control, frame_pending=True))


def header_octets(frame: Frame) -> int:
    """Return the octets of the MAC header of `frame`, which is in clear."""
    return len(FRAME.encode(replace(frame, payload=b"")))


@lru_cache(maxsize=64)
def _control(
    kind: int, source_mode: int, destination_mode: int, *, acknowledged: bool
) -> FrameControl:
    return FrameControl(
        frame_type=kind,
        acknowledgment_request=acknowledged,
        pan_id_compression=source_mode != 0,
        destination_addressing_mode=destination_mode,
        source_addressing_mode=source_mode,
    )


def _mode(address: bytes | None) -> int:
    mode = _MODES.get(None if address is None else len(address))
    if mode is None:
        raise FieldOutOfRange(f"a link-layer address of {len(address or b'')} octets")
    return mode
