"""Values of small bit-field formats, each made once and shared."""

from typing import Any

from lowpan.schema.bits import BitLayout

INTERNED_BITS = 16
"""Frozen values of at most this many bits are made once for each number and shared."""
INTERNED_VALUES = 4096
"""Values kept for one format; hostile headers beyond them are made anew each time."""


class Interned:
    """The values of one small BitStruct: number to value and back, each value made once.

    `values[raw]` is shared and lives as long as the format, so that `id(value)` names it and
    an encoder may look its number up by identity.
    """

    def __init__(self, value_type: type[Any], names: tuple[str, ...], bits: BitLayout) -> None:
        self.value_type, self.names, self.bits = value_type, names, bits
        self.values: dict[int, Any] = _Values(self)
        self.raws: dict[int, int] = {}
        """id() of each shared value -> its number."""
        self._parts = [
            (field.name, field.lowest, 1 << field.width, field.shift)
            for field in bits.fields
            if field.const is None
        ]
        self._kept = [(field.name, field.const) for field in bits.constants if field.name in names]
        self._fixed = sum(
            (field.const & (1 << field.width) - 1) << field.shift
            for field in bits.fields
            if field.const is not None
        )

    def make(self, raw: int) -> Any:
        """Return the value of `raw`, shared if there is room; raise ValueError if there is none."""
        for field in self.bits.constants:
            if field.of(raw) != field.const:
                raise ValueError(f"{field.name} is {field.of(raw)}, not {field.const}")
        known = {field.name: field.of(raw) for field in self.bits.fields}
        value = self.value_type(**{name: known[name] for name in self.names})
        if len(self.values) < INTERNED_VALUES:
            self.values[raw] = value
            self.raws[id(value)] = raw
        return value

    def raw(self, value: Any) -> int:
        """Return the number of any value of this type.

        Raise ValueError or TypeError if a field is too large, no integer, or not the constant
        that the format has there.
        """
        if type(value) is not self.value_type:
            raise TypeError(f"{self.value_type.__name__} wanted")
        for name, const in self._kept:
            if getattr(value, name) != const:
                raise ValueError(f"{name} is not {const}")
        raw = self._fixed
        for name, lowest, count, shift in self._parts:
            part = getattr(value, name)
            if not 0 <= part - lowest < count:
                raise ValueError(f"{name}: {part} does not fit {count.bit_length() - 1} bits")
            raw |= (part & count - 1) << shift
        return raw


class _Values(dict[int, Any]):
    __slots__ = ("interned",)

    def __init__(self, interned: Interned) -> None:
        super().__init__()
        self.interned = interned

    def __missing__(self, raw: int) -> Any:
        return self.interned.make(raw)
