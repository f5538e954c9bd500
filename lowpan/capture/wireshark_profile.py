"""A Wireshark profile as it is: keys, addresses and contexts from its own files.

Of its preferences those count that concern decryption, 6LoWPAN contexts and a wrong FCS.
"""

import re
from functools import partial
from pathlib import Path

from lowpan.capture.key_sources import (
    Given,
    GivenAddress,
    hex_octets,
    parse_prefix,
    read_lines,
    read_text,
)
from lowpan.capture.keys import RawKey, ThreadKey
from lowpan.errors import KeyFormatError
from lowpan.mac.ccm_star import KEY_OCTETS

FILES = ("preferences", "ieee802154_keys", "802154_addresses")

_FIELD = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^",]*?))\s*(,|$)')
_ESCAPED = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.))")
_CONTEXT = re.compile(r"6lowpan\.context(1[0-5]|[0-9])")
_HEX_NUMBER = re.compile(r"(?:0[xX])?[0-9A-Fa-f]{1,4}")


def read_profile(directory: Path) -> Given:
    """Return what the profile in `directory` tells; raise KeyFormatError.

    Files that are not there tell nothing, but one of the three must be.  The error names file
    and line, and never quotes a key.
    """
    preferences, keys, addresses = (directory / name for name in FILES)
    if not any(path.is_file() for path in (preferences, keys, addresses)):
        raise KeyFormatError(
            f"{directory}: no Wireshark profile, it has none of {', '.join(FILES)}"
        )
    given = read_lines(_lines(preferences), str(preferences), _told_by)
    first_sequence = _first_sequence(_lines(preferences))
    given.add(read_lines(_lines(keys), str(keys), partial(_key, first_sequence)))
    given.add(read_lines(_lines(addresses), str(addresses), _address))
    return given


def _lines(path: Path) -> list[str]:
    return read_text(path).splitlines() if path.is_file() else []


def _preference(line: str) -> tuple[str, str]:
    """Return name and value of a preference; both empty in comments and continued lines."""
    if not line or line[0] in "# \t":
        return "", ""
    name, _, value = line.partition(":")
    return name.strip(), value.strip()


def _told_by(line: str) -> Given | None:
    """Read one preference; it tells nothing if it concerns something else."""
    name, value = _preference(line)
    if name == "thread.thr_seq_ctr":
        _sequence(value)  # here for the sake of its error
    if name == "wpan.802154_fcs_ok":
        return Given(ignore_fcs=not _truth(value))
    if name == "thread.thr_use_pan_id_in_key" and _truth(value):
        raise KeyFormatError("thread.thr_use_pan_id_in_key is not supported, set it to FALSE")
    context = _CONTEXT.fullmatch(name)
    if context and value:
        return Given(contexts={int(context[1]): parse_prefix(value)})
    return None


def _truth(value: str) -> bool:
    if value.upper() not in ("TRUE", "FALSE"):
        raise KeyFormatError("neither TRUE nor FALSE")
    return value.upper() == "TRUE"


def _first_sequence(lines: list[str]) -> int:
    """Return the key sequence at which a search begins, 0 if nothing says so."""
    values = (value for name, value in map(_preference, lines) if name == "thread.thr_seq_ctr")
    return max(map(_sequence, values), default=0)


def _sequence(value: str) -> int:
    octets = hex_octets(value) if value else b""
    if octets is None or len(octets) > 4:
        raise KeyFormatError("thread.thr_seq_ctr is written in at most 8 hex digits")
    return int.from_bytes(octets, "big")


def _key(first_sequence: int, line: str) -> Given | None:
    """Read `"KEY","KEY INDEX","HASH"`; of a longer key the first 16 octets count, as there."""
    fields = _fields(line, 3)
    if fields is None:
        return None
    digits, index, key_hash = fields
    octets = hex_octets(digits) or b""
    if len(octets) < KEY_OCTETS:
        raise KeyFormatError(f"a key is written in at least {2 * KEY_OCTETS} hex digits")
    key_hash = key_hash.lower()
    if key_hash == "thread hash":
        return Given(keys=[ThreadKey(octets[:KEY_OCTETS], first_sequence=first_sequence)])
    if key_hash == "zip hash":
        raise KeyFormatError("keys of kind ZIP hash are not supported: remove the line")
    if key_hash != "no hash":
        raise KeyFormatError("kind of key is none of No hash, Thread hash")
    if not re.fullmatch(r"[0-9]{1,3}", index) or int(index) > 0xFF:
        raise KeyFormatError("key index is none of 0..255")
    return Given(keys=[RawKey(octets[:KEY_OCTETS], key_index=int(index))])


def _address(line: str) -> Given | None:
    """Read `"SHORT","PAN ID",EXTENDED`, all of them hexadecimal."""
    fields = _fields(line, 3)
    if fields is None:
        return None
    short, pan_id, extended = fields
    octets = hex_octets(extended)
    if not _HEX_NUMBER.fullmatch(short) or not _HEX_NUMBER.fullmatch(pan_id):
        raise KeyFormatError("short address and PAN ID are written in at most 4 hex digits")
    if octets is None or len(octets) != 8:
        raise KeyFormatError("an extended address is written in 16 hex digits")
    known = GivenAddress(int(pan_id, 16), int(short, 16).to_bytes(2, "big"), octets)
    return Given(addresses=[known])


def _fields(line: str, count: int) -> list[str] | None:
    """Return the fields of one record, None where the line holds none."""
    line = line.strip()
    if not line or line.startswith("#"):
        return None
    fields, at, separator = list[str](), 0, ","
    while separator and (match := _FIELD.match(line, at)):
        quoted, bare, separator = match.groups()
        fields.append(bare if quoted is None else _ESCAPED.sub(_unescaped, quoted))
        at = match.end()
    if separator or len(fields) != count:
        raise KeyFormatError(f"not {count} fields with commas between them")
    return fields


def _unescaped(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else match[2]
