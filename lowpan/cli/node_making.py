"""Making a node of what the command line says: radio, addresses, key, store."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from lowpan.adaptation.neighbour_discovery.engine import NdSettings
from lowpan.aio.node import Node
from lowpan.aio.node_options import extended_address_of
from lowpan.aio.securing import NodeSecurity
from lowpan.capture.key_sources import (
    ENVIRONMENT_VARIABLE,
    keys_in_environment,
    parse_raw_key,
    read_key_file,
)
from lowpan.capture.keys import RawKey
from lowpan.cli.mesh_routes import forwarding_of
from lowpan.cli.mle_making import mle_of
from lowpan.cli.node_identity import IdentityOptions
from lowpan.cli.report import CommandError
from lowpan.cli.thread_making import joins_thread, thread_of
from lowpan.errors import FieldOutOfRange, KeyFormatError
from lowpan.mac.link_layer import LinkSettings
from lowpan.node.settings import NodeSettings
from lowpan.radio import Radio, open_radio

DEFAULT_LEVEL = 5


@asynccontextmanager
async def node_on(
    uri: str, identity: IdentityOptions, **more: Any
) -> AsyncGenerator[tuple[Radio, Node]]:
    """Open the radio at `uri`; give it and the node that is to be entered.

    Raises CommandError for options that make no sense, and what a node raises.
    """
    security, mle = None, mle_of(identity)
    if mle is not None:
        more["mle"] = mle
    elif joins_thread(identity):
        more["thread"] = thread_of(identity, more.pop("poll_interval", None))
        identity = replace(identity, channel=None, pan=None)  # the network says both
    else:
        security = security_of(identity)
    async with await open_radio(uri) as radio:
        yield radio, _node(radio, identity, security, more)


def _node(
    radio: Radio, identity: IdentityOptions, security: NodeSecurity | None, more: dict[str, Any]
) -> Node:
    keeps = security is not None or any(more.get(name) for name in ("coordinator", "thread", "mle"))
    try:
        extended = extended_address_of(identity.eui64) or radio.settings.extended_address
        return Node(
            radio,
            channel=identity.channel,
            page=identity.page,
            pan_id=identity.pan,
            short_address=identity.short,
            extended_address=extended,
            addresses=identity.addresses,
            settings=NodeSettings(
                link=LinkSettings(acknowledged=identity.ack),
                discovery=NdSettings(register=identity.register),
                forwarding=forwarding_of(identity),
            ),
            security=security,
            store=_store(identity.store, extended) if keeps else None,
            **more,
        )
    except FieldOutOfRange as error:
        raise CommandError(str(error), "`--help` shows how options are written") from error


def security_of(identity: IdentityOptions) -> NodeSecurity | None:
    """Return key and level, None for frames in clear; raise CommandError."""
    if identity.level == "0":
        return None
    key = _key(identity)
    if key is None:
        _refuse_clear(identity)
        return None
    if key.key_identifier_mode == 0:
        cure = "leave mode=0 out: one key serves all peers"
        raise CommandError("a key of key identifier mode 0 is for one peer alone", cure)
    if key.key_index == 0 and identity.key_index is None:
        raise CommandError("key index 0 names no key", "give one from 1 to 255")
    index = identity.key_index or key.key_index or 1
    try:
        return NodeSecurity(
            key=key.octets,
            level=int(identity.level or DEFAULT_LEVEL),
            key_index=index,
            key_source=key.key_source or b"",
            peers=tuple(map(_peer, identity.peers)),
        )
    except FieldOutOfRange as error:
        raise CommandError(str(error), "`--help` shows how options are written") from error


def _refuse_clear(identity: IdentityOptions) -> None:
    """Raise CommandError if somebody expects to be secured, and there is no key."""
    for option, given in (
        ("--level", identity.level),
        ("--key-index", identity.key_index),
        ("--peer", identity.peers),
    ):
        if given:
            which = "" if identity.key_index is None else f" with index {identity.key_index}"
            cause = f"{option}, but no key{which}: all frames would be in clear"
            cure = f"give one by --keys FILE or in {ENVIRONMENT_VARIABLE}: a line `raw HEX index=N`"
            raise CommandError(cause, cure)


def _key(identity: IdentityOptions) -> RawKey | None:
    """Return the one key that is meant, from the nearest place that has any."""
    try:
        if identity.raw_key is not None:
            return parse_raw_key(identity.raw_key)
        for place, keys in (
            (
                "--keys",
                [key for file in identity.key_files for key in read_key_file(Path(file)).keys],
            ),
            (ENVIRONMENT_VARIABLE, keys_in_environment(os.environ).keys),
        ):
            raw = [key for key in keys if isinstance(key, RawKey)]
            chosen = [key for key in raw if identity.key_index in (None, key.key_index)]
            if len(chosen) > 1:
                cure = "choose one by --key-index N, or give a file with one"
                raise CommandError(f"{place} has {len(chosen)} keys that may be meant", cure)
            if chosen:
                return chosen[0]
            if place == "--keys" and identity.key_files:
                raise CommandError("--keys has no line `raw HEX` that is meant", "add one")
    except KeyFormatError as error:
        cure = "a link-layer key is 32 hexadecimal digits" if identity.raw_key is not None else ""
        raise CommandError(str(error), cure) from None
    return None


def _peer(text: str) -> tuple[bytes, bytes | None]:
    """Return the addresses in `EUI64[=SHORT]`; raise FieldOutOfRange."""
    extended, equals, short = text.partition("=")
    octets = extended_address_of(extended)
    assert octets is not None
    if not equals:
        return octets, None
    try:
        return octets, int(short, 0).to_bytes(2, "big")
    except (ValueError, OverflowError):
        raise FieldOutOfRange(f"{short!r} is no short address such as 0x0002") from None


def _store(given: str | None, extended_address: bytes | None) -> Path:
    """Return where the counters are to survive; its directory is there afterwards."""
    if given is not None:
        return Path(given)
    if extended_address is None:
        cure = "give it one by --eui64, or name the --store"
        raise CommandError("this radio has no address of its own to find its store by", cure)
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    directory = Path(state) / "lowpan"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        cause = f"{directory}: {error.strerror or error}"
        raise CommandError(cause, "name a file by --store") from error
    return directory / f"node-{extended_address.hex()}.store"
