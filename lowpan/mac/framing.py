"""MAC headers of the frames that we send (IEEE 802.15.4-2020 §7.2, §7.3.2, §7.3.4)."""

from dataclasses import replace
from functools import lru_cache

from lowpan.errors import FieldOutOfRange
from lowpan.mac.acknowledging import LONGEST_SHORT_ADDRESS
from lowpan.mac.service import BROADCAST
from lowpan.radio import RadioSettings
from lowpan.wire.ieee802154 import FRAME, Frame, FrameControl, FrameType
from lowpan.wire.mac_command import CommandId

_MODES = {None: 0, 2: 2, 8: 3}
"""Octets of an address -> addressing mode."""
_SHORT, _EXTENDED = 2, 3


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
    version: int = 0,
) -> Frame:
    """Return a frame inside one PAN, in clear, with the sequence number yet to come.

    Version 0 is what every receiver since 2003 understands; sealing makes it version 1.
    """
    control = _control(
        int(kind),
        _mode(source),
        _mode(destination),
        acknowledged=acknowledged and destination != BROADCAST,
        version=version,
    )
    return Frame(control, 0, pan_id, destination, None, source, None, (), payload)


def empty_frame(source: bytes, destination: bytes, pan_id: int) -> Frame:
    """Return the answer to a poll for which nothing waits, although our ack said so (§6.7.3)."""
    return data_frame(b"", source, destination, pan_id, acknowledged=False)


def beacon_frame(payload: bytes, source: bytes, pan_id: int) -> Frame:
    """Return a beacon, which is to nobody in particular (§7.3.1)."""
    control = FrameControl(FrameType.BEACON, source_addressing_mode=_mode(source))
    return Frame(control, 0, None, None, pan_id, source, payload=payload)


def beacon_request() -> Frame:
    """Return the question who is there, to everybody (§7.5.8)."""
    control = FrameControl(FrameType.MAC_COMMAND, destination_addressing_mode=_SHORT)
    return Frame(control, 0, 0xFFFF, BROADCAST, payload=bytes((CommandId.BEACON_REQUEST,)))


def data_request(source: bytes, parent: bytes, pan_id: int, *, version: int = 0) -> Frame:
    """Return the question what waits for us at `parent` (§7.5.5)."""
    return command_frame(bytes((CommandId.DATA_REQUEST,)), source, parent, pan_id, version=version)


def command_frame(
    command: bytes, source: bytes, destination: bytes, pan_id: int, *, version: int = 0
) -> Frame:
    """Return a MAC command inside one PAN that is to be acknowledged, unless it is to everybody.

    `command` begins with its identifier.
    """
    return data_frame(
        command,
        source,
        destination,
        pan_id,
        acknowledged=True,
        kind=FrameType.MAC_COMMAND,
        version=version,
    )


def association_request_frame(
    command: bytes, source: bytes, coordinator: bytes, pan_id: int
) -> Frame:
    """Return a command from outside to the `coordinator` of a PAN (§7.5.2)."""
    control = replace(
        _control(int(FrameType.MAC_COMMAND), _EXTENDED, _mode(coordinator), acknowledged=True),
        pan_id_compression=False,
    )
    return Frame(control, 0, pan_id, coordinator, 0xFFFF, source, payload=command)


def orphan_frame(command: bytes, source: bytes) -> Frame:
    """Return a command from a device that does not know its PAN to everybody (§7.5.7)."""
    control = _control(int(FrameType.MAC_COMMAND), _EXTENDED, _SHORT, acknowledged=False)
    return Frame(control, 0, 0xFFFF, BROADCAST, None, source, payload=command)


def realignment_frame(command: bytes, source: bytes, destination: bytes, pan_id: int) -> Frame:
    """Return a command from the PAN to an orphan, or to everybody (§7.5.10)."""
    acknowledged = destination != BROADCAST
    control = replace(
        _control(
            int(FrameType.MAC_COMMAND), _EXTENDED, _mode(destination), acknowledged=acknowledged
        ),
        pan_id_compression=False,
    )
    return Frame(control, 0, 0xFFFF, destination, pan_id, source, payload=command)


def with_frame_pending(frame: Frame) -> Frame:
    """Return `frame`, which says that more follows for its receiver."""
    return replace(frame, control=replace(frame.control, frame_pending=True))


def header_octets(frame: Frame) -> int:
    """Return the octets of the MAC header of `frame`, which is in clear."""
    return len(FRAME.encode(replace(frame, payload=b"")))


@lru_cache(maxsize=64)
def _control(
    kind: int,
    source_mode: int,
    destination_mode: int,
    *,
    acknowledged: bool,
    version: int = 0,
) -> FrameControl:
    """Return the control of a frame inside one PAN, whose PAN ID is in it once.

    With two extended addresses, version 2 says that by leaving the compression bit clear (§7.2.2.6,
    table 7-2).
    """
    both_extended = source_mode == destination_mode == _EXTENDED
    return FrameControl(
        frame_type=kind,
        acknowledgment_request=acknowledged,
        pan_id_compression=source_mode != 0 and not (version == 2 and both_extended),
        destination_addressing_mode=destination_mode,
        frame_version=version,
        source_addressing_mode=source_mode,
    )


def _mode(address: bytes | None) -> int:
    mode = _MODES.get(None if address is None else len(address))
    if mode is None:
        raise FieldOutOfRange(f"a link-layer address of {len(address or b'')} octets")
    return mode
