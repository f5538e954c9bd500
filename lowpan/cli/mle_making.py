"""The network whose nodes establish links, as a command line names it."""

from lowpan.aio.mle import parameter_named
from lowpan.aio.mle_options import MleOptions
from lowpan.capture.key_sources import (
    ENVIRONMENT_VARIABLE,
    parse_thread_key,
)
from lowpan.capture.keys import ThreadKey
from lowpan.cli.keys_given import keys_given
from lowpan.cli.node_identity import IdentityOptions
from lowpan.cli.report import CommandError
from lowpan.errors import FieldOutOfRange, KeyFormatError
from lowpan.mesh.parameter_schedule import ParameterId, check_value

_OTHERS = ("raw_key", "level", "key_index", "peers", "dataset", "role")
"""Options that say what goes without saying: keys, level, and who the peers are."""
_SET = {ParameterId.CHANNEL, ParameterId.PAN_ID}


def mle_of(identity: IdentityOptions) -> MleOptions | None:
    """Return the keys of MLE, None without it; raise CommandError."""
    if not identity.mle:
        if identity.network_key is not None:
            raise CommandError("--network-key without --mle", "add --mle")
        return None
    for name in _OTHERS:
        if getattr(identity, name):
            option = f"--{name.replace('_', '-')}".removesuffix("s")
            raise CommandError(f"{option} beside --mle", "leave it out: a network key is enough")
    try:
        return MleOptions(network_key=_network_key(identity).network_key)
    except KeyFormatError as error:
        cure = "a network key is 32 hexadecimal digits" if identity.network_key else ""
        raise CommandError(str(error), cure) from None


def parameter_of(text: str) -> tuple[ParameterId, int]:
    """Return the parameter and value in `channel=20`; raise CommandError."""
    name, _, number = text.partition("=")
    cure = "write it as channel=20 or pan_id=0xbeef"
    try:
        parameter, value = parameter_named(name.strip()), int(number, 0)
        check_value(parameter, value)
    except FieldOutOfRange as error:
        raise CommandError(str(error), cure) from error
    except ValueError as error:
        raise CommandError(f"{text!r} has no number", cure) from error
    if parameter not in _SET:
        raise CommandError(f"{text!r} is nothing that --set sets", cure)
    return parameter, value


def _network_key(identity: IdentityOptions) -> ThreadKey:
    """Return the one key that is meant, from the nearest place that has any."""
    if identity.network_key is not None:
        return parse_thread_key(identity.network_key)
    given, place = keys_given(identity)
    keys = {key for key in given.keys if isinstance(key, ThreadKey)}
    if len(keys) != 1:
        cure = f"give one line `thread HEX` by --keys FILE or in {ENVIRONMENT_VARIABLE}"
        raise CommandError(f"{place} has {len(keys)} network keys, and --mle wants one", cure)
    return keys.pop()
