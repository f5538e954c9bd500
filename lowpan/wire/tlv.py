"""What the TLV lists of MLE, MeshCoP and Link Metrics have in common."""

from collections.abc import Mapping
from typing import Any, TypeVar, overload

from construct import Computed, GreedyBytes, IfThenElse, Int8ub, Int16ub, Rebuild, Struct, this

from lowpan.schema import Content, Derived, Layout, Sized
from lowpan.wire.secret import Secret

Kind = TypeVar("Kind")


def tlv_schema(contents: Mapping[int, Layout[Any]]) -> Sized:
    """Return the schema of one TLV: fields `type`, `value`, `long_form`; length on the wire only.

    A length of 255 or more takes three octets, FF first (Thread's extended TLV); one below may,
    which `long_form` tells.  The value is what `contents` makes of it; octets where the type is
    unknown or the content malformed.
    """
    long = this.long_form | (this.length >= 255)
    head = Struct(
        "type" / Int8ub,
        "first_length" / Rebuild(Int8ub, 255 * long + this.length * (1 - long)),
        "length" / IfThenElse(this.first_length == 255, Int16ub, Computed(this.first_length)),
        "long_form" / Computed((this.first_length == 255) & (this.length < 255)),
    )
    return Sized(head, "value" / Content(this.type, contents))


def describe(tlv: Any, *, secret: bool) -> str:
    """Return the repr() of a TLV; if `secret`, without the octets that found no content."""
    value = Secret(tlv.value) if secret and isinstance(tlv.value, bytes) else tlv.value
    form = ", long_form=True" if tlv.long_form else ""
    return f"{type(tlv).__name__}(type={tlv.type}, value={value!r}{form})"


class TlvList:
    """A value whose `tlvs` are TLVs in their order on the wire."""

    __slots__ = ()

    tlvs: tuple[Any, ...]

    @overload
    def find(self, tlv_type: int) -> Any: ...

    @overload
    def find(self, tlv_type: int, kind: type[Kind]) -> Kind | None: ...

    def find(self, tlv_type: int, kind: type[Any] = object) -> Any:
        """Return the value of the first TLV of `tlv_type`; None if there is none.

        With `kind`, the class of the content, None also stands for malformed content.
        """
        for tlv in self.tlvs:
            if tlv.type == tlv_type:
                return tlv.value if isinstance(tlv.value, kind) else None
        return None


def octets_of_length(least: int, most: int = 0xFFFF) -> Derived:
    """Return the rest of the region as octets, `least` to `most` of them."""

    def check(octets: bytes, surroundings: Any) -> bytes:
        if not least <= len(octets) <= most:
            raise ValueError(f"{len(octets)} octets, {least} to {most} wanted")
        return octets

    return Derived(GreedyBytes, check, check)
