"""The radios that Wireshark is to list: those that are there, and those that the user named."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lowpan.cli.report import report
from lowpan.errors import RadioError
from lowpan.radio.finding import find_radios

NAMED = "LOWPAN_EXTCAP_RADIOS"
"""Environment variable of further URIs, with spaces between them."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A radio, or a port where one may be."""

    uri: str
    display: str = ""
    """What it probably is, for people."""


def radios_to_list(environment: Mapping[str, str]) -> list[Listed]:
    """Return what is to be listed, each URI once; those that the user named come first."""
    named = [Listed(uri) for uri in environment.get(NAMED, "").split()]
    radios: dict[str, Listed] = {}
    for radio in [*named, *_found()]:
        if not set("{}") & set(radio.uri):  # no value can hold them
            radios.setdefault(radio.uri, radio)
    return list(radios.values())


def _found() -> Iterator[Listed]:
    """Yield what is plugged in; a machine's own serial ports are hardly ever radios."""
    try:
        found = find_radios()
    except RadioError as error:  # those that were named can be listed all the same
        report(str(error), error.cure)
        return
    for radio in found:
        if radio.kind != "serial" or radio.hardware:
            use = f"in use by {radio.held_by}" if radio.held_by else ""
            texts = (radio.description, use, radio.trouble)
            yield Listed(radio.uri, "; ".join(text for text in texts if text))
