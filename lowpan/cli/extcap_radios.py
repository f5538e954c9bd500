"""The radios that Wireshark is to list: those that are there, and those that the user named."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points

FINDERS = "lowpan.radio_finders"
"""Entry-point group of the functions that look for radios, without opening any."""
NAMED = "LOWPAN_EXTCAP_RADIOS"
"""Environment variable of further URIs, with spaces between them."""


@dataclass(frozen=True, slots=True)
class Found:
    """A radio, or a port where one may be."""

    uri: str
    display: str = ""
    """What it probably is, for people."""


def radios_to_list(environment: Mapping[str, str]) -> list[Found]:
    """Return what is to be listed, each URI once; those that the user named come first."""
    named = [Found(uri) for uri in environment.get(NAMED, "").split()]
    radios: dict[str, Found] = {}
    for radio in [*named, *found_radios()]:
        if not set("{}") & set(radio.uri):  # no value can hold them
            radios.setdefault(radio.uri, radio)
    return list(radios.values())


def found_radios() -> Iterator[Found]:
    """Yield what all installed finders find."""
    for finder in sorted(entry_points(group=FINDERS), key=lambda point: point.name):
        for radio in finder.load()():
            yield Found(radio.uri, radio.description)
