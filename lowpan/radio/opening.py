"""Radios by URI: where one is, and which installed driver opens it."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from urllib.parse import parse_qsl

from lowpan.errors import RadioError
from lowpan.radio.transceiver import Radio, RadioSettings


@dataclass(frozen=True, slots=True)
class RadioUri:
    """Where a radio is: `scheme:target?name=value&name=value`."""

    scheme: str
    target: str
    """Path, interface, `//host:port` or other URI, as the scheme has it."""
    parameters: Mapping[str, str]
    text: str
    """As it was given."""

    def only(self, *names: str) -> None:
        """Raise RadioError if there is a parameter that is not one of `names`."""
        for name in self.parameters:
            if name not in names:
                known = ", ".join(sorted(names)) or "none"
                raise RadioError(f"{self.text}: no parameter {name}", f"{self.scheme}: has {known}")

    def integer(self, name: str, default: int, *, low: int, high: int) -> int:
        """Return the number that parameter `name` is, or `default`; raise RadioError."""
        text = self.parameters.get(name)
        if text is None:
            return default
        try:
            value = int(text, 0)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise RadioError(f"{self.text}: {name} is {text}", f"{name} is {low}..{high}")
        return value

    def flag(self, name: str, default: bool) -> bool:
        """Return whether parameter `name` is 1 (or yes, true), or `default`; raise RadioError."""
        text = self.parameters.get(name)
        if text is None:
            return default
        if text.lower() in ("1", "yes", "true", "on"):
            return True
        if text.lower() in ("0", "no", "false", "off"):
            return False
        raise RadioError(f"{self.text}: {name} is {text}", f"{name} is 1 or 0")


def parse_radio_uri(text: str) -> RadioUri:
    """Return the parts of a radio's URI; a bare path or COM port has the scheme `serial`."""
    head, _, query = text.partition("?")
    scheme, colon, target = head.partition(":")
    if not colon or "/" in scheme or "\\" in scheme or len(scheme) < 2:
        scheme, target = "serial", head
    return RadioUri(scheme.lower(), target, dict(parse_qsl(query, keep_blank_values=True)), text)


def radio_schemes() -> dict[str, EntryPoint]:
    """Return the drivers that are installed, by scheme."""
    return {point.name: point for point in entry_points(group="lowpan.radios")}


async def open_radio(uri: str, settings: RadioSettings | None = None) -> Radio:
    """Open the radio at `uri`, such as `spinel:/dev/ttyACM0`; apply `settings` if given.

    `async with await open_radio(uri) as radio:` closes it again.  Raises RadioError if there is
    no such driver or radio, or it refuses.
    """
    parsed = parse_radio_uri(uri)
    schemes = radio_schemes()
    if parsed.scheme not in schemes:
        known = ", ".join(sorted(schemes)) or "none: install lowpan, do not only copy it"
        raise RadioError(f"{uri}: no driver {parsed.scheme}", f"there are {known}")
    radio: Radio = await schemes[parsed.scheme].load()(parsed)
    if settings is not None:
        try:
            await radio.configure(settings)
        except BaseException:
            await radio.close()
            raise
    return radio
