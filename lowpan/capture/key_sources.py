"""Keys as people give them: options, key files, the environment, Thread datasets.

Nothing here quotes what it was given: a key with a typing error in it is nearly a key.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, cast

from lowpan.capture.keys import Key, RawKey, ThreadKey
from lowpan.errors import FieldOutOfRange, KeyFormatError
from lowpan.mac.ccm_star import KEY_OCTETS
from lowpan.wire import meshcop
from lowpan.wire.addresses import Context, parse_ipv6
from lowpan.wire.dataset import MeshCopType, dataset_from_hex

ENVIRONMENT_VARIABLE = "LOWPAN_KEYS"

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}[ \t:.-]?)*")
_NUMBER = re.compile(r"0x[0-9A-Fa-f]{1,8}|[0-9]{1,9}")


class GivenAddress(NamedTuple):
    """A short address of which the user knows the extended one."""

    pan_id: int
    short: bytes
    extended: bytes


@dataclass(slots=True)
class Network:
    """What a dataset says of its network, None where it says nothing."""

    pan_id: int | None = None
    channel: int | None = None
    extended_pan_id: bytes | None = None
    """8 octets."""
    name: str | None = None
    contexts: dict[int, Context] = field(default_factory=dict[int, Context])
    """Context 0, the mesh-local prefix."""


@dataclass(slots=True)
class Given:
    """All that the user told about the networks in a capture."""

    keys: list[Key] = field(default_factory=list[Key])
    contexts: dict[int, Context] = field(default_factory=dict[int, Context])
    """6LoWPAN contexts by number, of every network."""
    networks: list[Network] = field(default_factory=list[Network])
    addresses: list[GivenAddress] = field(default_factory=list[GivenAddress])
    ignore_fcs: bool = False
    """Decode also frames whose FCS is wrong."""

    def add(self, other: "Given") -> None:
        """Take what `other` tells as well; of two contexts with one number, the later counts."""
        self.keys += other.keys
        self.contexts |= other.contexts
        self.networks += other.networks
        self.addresses += other.addresses
        self.ignore_fcs |= other.ignore_fcs

    def contexts_of(self, pan_id: int | None) -> dict[int, Context]:
        """Return the contexts of the network with `pan_id`: its dataset's, then those of all."""
        contexts = dict[int, Context]()
        for network in self.networks:
            if network.pan_id is None or network.pan_id == pan_id:
                contexts |= network.contexts
        return contexts | self.contexts


Keys = str | Key | Iterable[str | Key]
"""A key or several: objects, or text as in a key file."""


def given_by(keys: Keys) -> Given:
    """Return what `keys` tell; raise KeyFormatError.

    A text may be several lines of a key file, which `;` may end too.
    """
    given = Given()
    several = cast("Iterable[object]", [keys] if isinstance(keys, str | Key) else keys)
    for number, key in enumerate(several, 1):
        if isinstance(key, Key):
            given.keys.append(key)
        elif isinstance(key, str):
            given.add(parse_keys(key.replace(";", "\n"), f"key {number}"))
        else:
            raise KeyFormatError(f"key {number} is neither text nor a ThreadKey or RawKey")
    return given


def parse_thread_key(text: str) -> ThreadKey:
    """Return the Thread network key written as 32 hex digits; raise KeyFormatError."""
    return ThreadKey(_key_octets(text, "Thread network key"))


def parse_raw_key(text: str) -> RawKey:
    """Return the link-layer key written as `HEX[,mode=0..3][,index=0..255][,source=HEX]`.

    The source is written in the order in which its octets travel.  Raises KeyFormatError.
    """
    digits, *parts = text.split(",")
    octets = _key_octets(digits, "link-layer key")
    mode = index = source = None
    seen = set[str]()
    for number, part in enumerate(parts, 1):
        name, equals, value = part.strip().partition("=")
        if not equals or name not in ("mode", "index", "source") or name in seen:
            raise KeyFormatError(f"part {number} behind the key is no new mode=, index= or source=")
        seen.add(name)
        if name == "mode":
            mode = _number(value, "mode")
        elif name == "index":
            index = _number(value, "index")
        else:
            source = _hex_octets(value, "key source")
    try:
        return RawKey(octets, key_identifier_mode=mode, key_index=index, key_source=source)
    except FieldOutOfRange as error:  # which says what is wrong, and quotes nothing either
        raise KeyFormatError(str(error)) from error


def parse_dataset(text: str) -> Given:
    """Return network key, PAN and context 0 of a Thread dataset; raise KeyFormatError.

    `text` is the list of TLVs in hex, as other tools print it; white space does not matter.
    """
    dataset = dataset_from_hex(text)
    network_key = dataset.find(MeshCopType.NETWORK_KEY, meshcop.NetworkKey)
    if network_key is None:
        raise KeyFormatError("no Network Key in the dataset")
    pan_id = dataset.find(MeshCopType.PAN_ID, meshcop.PanId)
    channel = dataset.find(MeshCopType.CHANNEL, meshcop.Channel)
    extended_pan_id = dataset.find(MeshCopType.EXTENDED_PAN_ID, meshcop.ExtendedPanId)
    name = dataset.find(MeshCopType.NETWORK_NAME, meshcop.NetworkName)
    prefix = dataset.find(MeshCopType.MESH_LOCAL_PREFIX, meshcop.MeshLocalPrefix)
    network = Network(
        pan_id.pan_id if pan_id else None,
        channel.channel if channel else None,
        extended_pan_id.extended_pan_id if extended_pan_id else None,
        name.name if name else None,
        {0: Context(prefix.prefix, 64)} if prefix else {},
    )
    return Given(keys=[ThreadKey(network_key.network_key)], networks=[network])


def parse_context(text: str) -> tuple[int, Context]:
    """Return number and prefix of a 6LoWPAN context written as `N=PREFIX/LENGTH`, N 0..15."""
    number, _, prefix = text.partition("=")
    if not re.fullmatch(r"1[0-5]|[0-9]", number.strip()):
        raise KeyFormatError("a context is written as N=PREFIX/LENGTH with N from 0 to 15")
    return int(number), parse_prefix(prefix.strip())


def parse_prefix(text: str) -> Context:
    """Return the prefix written as `ADDRESS/LENGTH`, 0..128 bits; raise KeyFormatError."""
    address, slash, length = text.partition("/")
    try:
        context = Context(parse_ipv6(address), _number(length, "prefix length") if slash else 64)
    except FieldOutOfRange:
        context = None
    if context is None:  # not in the handler above: that error would come along and quote the text
        raise KeyFormatError("no IPv6 prefix")
    return context


def parse_keys(text: str, name: str) -> Given:
    """Return what the lines of a key file tell.

    A line is `thread HEX`, `raw HEX [mode=N] [index=N] [source=HEX]`, `dataset HEX`, 32 hex
    digits alone, which are a Thread network key, or empty; a `#` begins a comment.
    KeyFormatError says in which line of `name` the mistake is.
    """
    return read_lines(text.splitlines(), name, _parse_line)


def read_key_file(path: Path) -> Given:
    """Return what the key file at `path` tells; raise KeyFormatError, also if it is unreadable."""
    return parse_keys(read_text(path), str(path))


def keys_in_environment(environment: Mapping[str, str]) -> Given:
    """Return what the variable LOWPAN_KEYS tells: a key file, `;` may end its lines."""
    text = environment.get(ENVIRONMENT_VARIABLE, "")
    return parse_keys(text.replace(";", "\n"), ENVIRONMENT_VARIABLE)


def read_text(path: Path) -> str:
    """Return the text of a file; raise KeyFormatError instead of OSError."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise KeyFormatError(f"{path}: {error.strerror or 'cannot be read'}") from error


def read_lines(lines: Iterable[str], name: str, parse: Callable[[str], Given | None]) -> Given:
    """Return the sum of what each line tells; KeyFormatError says which line of `name` is bad."""
    given = Given()
    for number, line in enumerate(lines, 1):
        try:
            told = parse(line)
        except KeyFormatError as error:
            raise KeyFormatError(f"{name}, line {number}: {error}") from error
        if told is not None:
            given.add(told)
    return given


def hex_octets(text: str) -> bytes | None:
    """Return the octets of pairs of hex digits with or without separators, None if it is not."""
    text = text.strip()
    if not text or not _HEX.fullmatch(text):
        return None
    return bytes.fromhex(re.sub(r"[ \t:.-]", "", text))


def _parse_line(line: str) -> Given | None:
    kind, _, rest = line.partition("#")[0].strip().partition(" ")
    if not kind:
        return None
    if not rest and len(hex_octets(kind) or b"") == KEY_OCTETS:
        return Given(keys=[parse_thread_key(kind)])
    if kind == "thread":
        return Given(keys=[parse_thread_key(rest)])
    if kind == "raw":
        return Given(keys=[parse_raw_key(",".join(rest.split()))])
    if kind == "dataset":
        return parse_dataset(rest)
    raise KeyFormatError(
        "begins with none of `thread`, `raw` and `dataset`, and is no Thread network key"
    )


def _key_octets(text: str, what: str) -> bytes:
    octets = hex_octets(text)
    if octets is None:
        raise KeyFormatError(f"a {what} is written in pairs of hex digits")
    if len(octets) != KEY_OCTETS:
        raise KeyFormatError(f"a {what} has {KEY_OCTETS} octets, not {len(octets)}")
    return octets


def _hex_octets(text: str, what: str) -> bytes:
    octets = hex_octets(text)
    if octets is None:
        raise KeyFormatError(f"a {what} is written in pairs of hex digits")
    return octets


def _number(text: str, what: str) -> int:
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        raise KeyFormatError(f"{what} is no number, decimal or hexadecimal with 0x")
    return int(text, 16 if text.startswith("0x") else 10)
