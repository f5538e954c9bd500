"""The Thread network that a command line names, and as what to join it."""

from lowpan.aio.thread_options import ThreadOptions
from lowpan.capture.key_sources import (
    ENVIRONMENT_VARIABLE,
)
from lowpan.capture.keys import ThreadKey
from lowpan.cli.keys_given import keys_given
from lowpan.cli.node_identity import IdentityOptions
from lowpan.cli.report import CommandError
from lowpan.errors import FieldOutOfRange, KeyFormatError
from lowpan.mesh.thread.network import ThreadNetwork, network_from_dataset, network_of
from lowpan.mesh.thread.settings import Role

_OTHERS = ("short", "raw_key", "level", "key_index", "peers", "register", "mesh_under")
"""Options that say what a Thread network says itself."""


def joins_thread(identity: IdentityOptions) -> bool:
    """Tell whether a Thread network is meant."""
    return identity.dataset is not None or identity.role is not None


def thread_of(identity: IdentityOptions, poll_interval: float | None) -> ThreadOptions | None:
    """Return the network to join and as what; None if none is named.  Raises CommandError."""
    if not joins_thread(identity):
        return None
    for name in _OTHERS:
        if getattr(identity, name):
            option = f"--{name.replace('_', '-')}"
            raise CommandError(f"{option} beside a Thread network, which says that", "leave it out")
    role = Role(identity.role or Role.MED.value)
    if poll_interval is not None and not role.sleeps:
        raise CommandError("--poll-interval with a role that listens", "take --role sed")
    try:
        network = _network(identity)
        if poll_interval is None:
            return ThreadOptions(network=network, role=role)
        return ThreadOptions(network=network, role=role, poll_interval=poll_interval)
    except FieldOutOfRange as error:
        raise CommandError(str(error), "`--help` shows how options are written") from None
    except KeyFormatError as error:
        cure = "give the dataset as `ot-ctl dataset active -x` prints it"
        raise CommandError(str(error), cure) from None


def _network(identity: IdentityOptions) -> ThreadNetwork:
    if identity.dataset is not None:
        if identity.channel is not None or identity.pan is not None:
            raise CommandError("--channel or --pan beside --dataset, which says that", "choose one")
        return network_from_dataset(identity.dataset)
    given, _ = keys_given(identity)
    keys = [key for key in given.keys if isinstance(key, ThreadKey)]
    if len(keys) != 1:
        cure = f"give --dataset, or one line `dataset HEX` in --keys or {ENVIRONMENT_VARIABLE}"
        raise CommandError(f"{len(keys)} Thread networks to join", cure)
    known = given.networks[0] if given.networks else None
    context = None if known is None else known.contexts.get(0)
    return network_of(
        keys[0].network_key,
        channel=identity.channel or (known.channel if known else None),
        pan_id=identity.pan or (known.pan_id if known else None),
        extended_pan_id=known.extended_pan_id if known else None,
        mesh_local_prefix=None if context is None else context.prefix[:8],
        name=known.name if known else None,
    )
