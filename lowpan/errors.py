"""What can go wrong, by who is to blame: a peer, the caller, a file, a key, a radio."""


class LowpanError(Exception):
    """Base of every exception that lowpan raises on purpose."""


class MalformedFrame(LowpanError):
    """Octets from outside that are not what the standard allows there."""

    def __init__(
        self,
        reason: str,
        *,
        format: str = "",  # noqa: A002 - what its attribute is called
        field: str = "",
        offset: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.format = format
        """Name of the value that was being decoded, such as `Frame`."""
        self.field = field
        """Path of the field inside the format, such as `security.frame_counter`."""
        self.offset = offset
        """Octets before the place of the fault, counted from the start of what was decoded."""

    def shifted(self, octets: int) -> "MalformedFrame":
        """Return the same fault as seen from `octets` further left."""
        offset = None if self.offset is None else self.offset + octets
        return MalformedFrame(self.reason, format=self.format, field=self.field, offset=offset)

    def __str__(self) -> str:
        """Say where and why, such as `Frame.source at octet 7: 2 octets short`."""
        where = ".".join(part for part in (self.format, self.field) if part)
        if self.offset is not None:
            where = f"{where} at octet {self.offset}" if where else f"octet {self.offset}"
        return f"{where}: {self.reason}" if where else self.reason


class FieldOutOfRange(LowpanError):
    """A value of our caller that the format has no room for."""


class SecurityError(LowpanError):
    """Protection that cannot be removed or added: no key, wrong MIC, refused level."""


class KeyFormatError(LowpanError):
    """Text that should be a key, a dataset or a key file, and is not; never quotes the text."""


class CaptureError(LowpanError):
    """A capture file that cannot be read, or not any further."""


class RadioError(LowpanError):
    """A transceiver that is not there, does not answer or refuses."""

    def __init__(self, cause: str, cure: str = "") -> None:
        super().__init__(cause)
        self.cure = cure
        """What the user can do about it, one line; empty where we know of nothing."""


class RadioClosed(RadioError):
    """A radio that was closed, or a replay that has ended: no more frames."""


class StoreError(LowpanError):
    """What must survive a crash cannot be kept or read: nothing secured is sent until it can."""

    def __init__(self, cause: str, cure: str = "") -> None:
        super().__init__(cause)
        self.cure = cure
        """What the user can do about it, one line; empty where we know of nothing."""


class AssociationError(LowpanError):
    """No PAN has let us in."""

    def __init__(self, cause: str, cure: str = "") -> None:
        super().__init__(cause)
        self.cure = cure
        """What the user can do about it, one line; empty where we know of nothing."""
