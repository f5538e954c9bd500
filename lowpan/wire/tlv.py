"""What the TLV lists of MLE, MeshCoP and Link Metrics have in common."""

from collections.abc import Mapping
from typing import Any, TypeVar, overload

from construct import GreedyBytes, Int8ub, Struct, this

from lowpan.schema import Content, Derived, ExtendedLength, Layout, Sized

Kind = TypeVar("Kind")


def tlv_schema(contents: Mapping[int, Layout[Any]]) -> Sized:
    """Return the schema of one TLV: fields `type` and `value`, the length on the wire only.

    A length of 255 or more takes three octets (Thread's extended TLV).  The value is what
    `contents` makes of it; octets where the type is unknown or the content malformed.
    """
    head = Struct("type" / Int8ub, "length" / ExtendedLength())
    return Sized(head, "value" / Content(this.type, contents))


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
