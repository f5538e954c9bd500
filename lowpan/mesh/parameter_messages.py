"""Update and Update Request, which the link layer secures and MLE never does (draft-kelsey §8)."""

from collections.abc import Collection, Iterable, Iterator

from lowpan.errors import FieldOutOfRange
from lowpan.mac.service import LinkProtection
from lowpan.mesh.parameter_schedule import ParameterId, check_value
from lowpan.mesh.service import SendMle
from lowpan.wire.mle import (
    MLE_ENVELOPE,
    MLE_MESSAGE,
    UNSECURED,
    MleCommand,
    MleEnvelope,
    MleMessage,
    Tlv,
    TlvType,
)
from lowpan.wire.mle_draft import NetworkParameter


def update(parameters: Iterable[NetworkParameter]) -> MleMessage:
    """Return the Update that says `parameters`, and nothing else (§11)."""
    tlvs = tuple(Tlv(TlvType.NETWORK_PARAMETER, parameter) for parameter in parameters)
    return MleMessage(MleCommand.UPDATE, tlvs)


UPDATE_REQUEST = MleMessage(MleCommand.UPDATE_REQUEST, ())


def sent(message: MleMessage, source: bytes, destination: bytes) -> SendMle:
    """Return what sends `message` between IPv6 addresses."""
    envelope = MLE_ENVELOPE.encode(MleEnvelope(UNSECURED, None, MLE_MESSAGE.encode(message)))
    return SendMle(destination, envelope, source, LinkProtection.POLICY)


def understood(message: MleMessage, channels: Collection[int]) -> Iterator[NetworkParameter]:
    """Yield what `message` says that can be so; a channel has to be one of `channels`."""
    for tlv in message.tlvs:
        value = tlv.value
        if tlv.type != TlvType.NETWORK_PARAMETER or not isinstance(value, NetworkParameter):
            continue
        try:
            check_value(value.parameter, value.value)
        except FieldOutOfRange:
            continue
        if value.parameter != ParameterId.CHANNEL or value.value in channels:
            yield value
