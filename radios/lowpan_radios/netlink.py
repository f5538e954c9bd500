"""Generic netlink: how Linux is asked about its 802.15.4 radios, and told (netlink(7)).

Messages are in the order of the machine.  The kernel answers a request before it is sent: nothing
here waits, except for a driver of the kernel's that takes its time to retune (milliseconds).
"""

import socket
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from errno import EPROTO
from itertools import count
from os import strerror
from types import TracebackType
from typing import Self, TypeVar

import construct
from construct import Bytes, GreedyBytes, Int8ul, Struct

from lowpan.capture.padded import Padded
from lowpan.errors import MalformedFrame
from lowpan.schema import Layout, Run, Sized
from lowpan.schema.layout import Record

_Value = TypeVar("_Value", bound=Record)

_LITTLE = sys.byteorder == "little"
INT16 = construct.Int16ul if _LITTLE else construct.Int16ub
INT32 = construct.Int32ul if _LITTLE else construct.Int32ub

NETLINK_GENERIC = 16
SOL_NETLINK, NETLINK_CAP_ACK, NETLINK_EXT_ACK = 270, 10, 11
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 0x01, 0x04, 0x300
NLA_TYPE = 0x3FFF
"""Bits of an attribute's type that are the type; two more are flags."""
NLMSGERR_ATTR_MSG = 1

GENL_ID_CTRL, CTRL_CMD_GETFAMILY = 16, 3
CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME, CTRL_ATTR_OPS = 1, 2, 6
CTRL_ATTR_OP_ID = 1

LONGEST_DATAGRAM = 1 << 16
MOST_DATAGRAMS = 1 << 10
"""Of one answer: a kernel with a thousand radios is no longer believed."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message (struct nlmsghdr and what follows it)."""

    type: int
    flags: int
    sequence: int
    port: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Messages:
    """What one datagram holds."""

    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute (struct nlattr)."""

    type: int
    value: bytes


@dataclass(frozen=True, slots=True)
class GenericBody:
    """Body of a generic netlink message (struct genlmsghdr and its attributes)."""

    command: int
    attributes: tuple[Attribute, ...]
    version: int = 1
    reserved: int = 0


@dataclass(frozen=True, slots=True)
class Attributes:
    """What an attribute that nests others holds."""

    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """Body of an answer that ends a request (struct nlmsgerr, capped)."""

    error: int
    """0, or the negative of an errno."""
    request: bytes
    """Header of what was asked, 16 octets."""
    attributes: tuple[Attribute, ...]


_HEADER = Struct(
    "length" / INT32, "type" / INT16, "flags" / INT16, "sequence" / INT32, "port" / INT32
)
MESSAGE = Layout(Message, Padded(4, Sized(_HEADER, "body" / GreedyBytes, overhead=16)))
MESSAGES = Layout(Messages, Struct("messages" / Run(MESSAGE)))

_ATTRIBUTE_HEADER = Struct("length" / INT16, "type" / INT16)
ATTRIBUTE = Layout(
    Attribute, Padded(4, Sized(_ATTRIBUTE_HEADER, "value" / GreedyBytes, overhead=4))
)
ATTRIBUTES = Layout(Attributes, Struct("attributes" / Run(ATTRIBUTE)))
GENERIC_BODY = Layout(
    GenericBody,
    Struct(
        "command" / Int8ul, "version" / Int8ul, "reserved" / INT16, "attributes" / Run(ATTRIBUTE)
    ),
)
_INT32S = construct.Int32sl if _LITTLE else construct.Int32sb
ERROR_BODY = Layout(
    ErrorBody, Struct("error" / _INT32S, "request" / Bytes(16), "attributes" / Run(ATTRIBUTE))
)


class Answer(dict[int, bytes]):
    """Attributes of one answer by type; of a type that comes twice, the last."""

    def integer(self, kind: int) -> int | None:
        """Return the unsigned number of attribute `kind`, None where it is not."""
        value = self.get(kind)
        return None if value is None else int.from_bytes(value, sys.byteorder)

    def text(self, kind: int) -> str:
        """Return the text of attribute `kind`, empty where it is not."""
        return self.get(kind, b"").split(b"\0", 1)[0].decode("utf-8", "replace")

    def nested(self, kind: int) -> tuple[Attribute, ...]:
        """Return what attribute `kind` nests, nothing where it is not; raises OSError."""
        return _decoded(ATTRIBUTES, self.get(kind, b"")).attributes


def number(value: int, octets: int) -> bytes:
    """Return an attribute's value in the machine's order."""
    return value.to_bytes(octets, sys.byteorder)


def text(value: str) -> bytes:
    """Return a text attribute's value."""
    return value.encode() + b"\0"


class GenericNetlink:
    """A socket to one family of generic netlink; raises OSError, ENOENT if there is no such one.

    Refusals carry the errno and, where it says more, the text of the kernel.
    """

    def __init__(self, family: str) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
        try:
            self._socket.settimeout(5)
            self._socket.bind((0, 0))
            for option in (NETLINK_CAP_ACK, NETLINK_EXT_ACK):
                self._socket.setsockopt(SOL_NETLINK, option, 1)
            self._sequence = count(1)
            self._family = GENL_ID_CTRL
            (found,) = self.ask(CTRL_CMD_GETFAMILY, {CTRL_ATTR_FAMILY_NAME: text(family)})
        except BaseException:
            self._socket.close()
            raise
        self._family = found.integer(CTRL_ATTR_FAMILY_ID) or 0
        self.commands = frozenset(_operations(found))
        """Numbers of the commands that this kernel's family has."""

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def __enter__(self) -> Self:
        """Return the socket itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def tell(self, command: int, attributes: Mapping[int, bytes]) -> None:
        """Have `command` done; raise OSError if the kernel refuses."""
        self._exchange(command, attributes, NLM_F_ACK)

    def ask(self, command: int, attributes: Mapping[int, bytes]) -> list[Answer]:
        """Return the answer to `command`; raise OSError if the kernel refuses."""
        return self._exchange(command, attributes, NLM_F_ACK)

    def dump(self, command: int, attributes: Mapping[int, bytes] | None = None) -> list[Answer]:
        """Return all that `command` lists; raise OSError if the kernel refuses."""
        return self._exchange(command, attributes or {}, NLM_F_DUMP)

    def _exchange(self, command: int, given: Mapping[int, bytes], flags: int) -> list[Answer]:
        sequence = next(self._sequence)
        attributes = tuple(Attribute(kind, value) for kind, value in given.items())
        body = GENERIC_BODY.encode(GenericBody(command, attributes))
        message = Message(self._family, NLM_F_REQUEST | flags, sequence, 0, body)
        self._socket.send(MESSAGE.encode(message))
        answers: list[Answer] = []
        for answer in self._answers(sequence):
            if answer.type in (NLMSG_ERROR, NLMSG_DONE):
                if answer.type == NLMSG_ERROR:
                    _check(_decoded(ERROR_BODY, answer.body))
                return answers
            answers.append(_answer(_decoded(GENERIC_BODY, answer.body).attributes))
        raise OSError(EPROTO, "the answer has no end")

    def _answers(self, sequence: int) -> Iterator[Message]:
        for _ in range(MOST_DATAGRAMS):
            datagram, sender = self._socket.recvfrom(LONGEST_DATAGRAM)
            if sender[0] != 0:  # another process: only the kernel is asked
                continue
            messages = _decoded(MESSAGES, datagram).messages
            yield from (message for message in messages if message.sequence == sequence)


def _answer(attributes: tuple[Attribute, ...]) -> Answer:
    return Answer((attribute.type & NLA_TYPE, attribute.value) for attribute in attributes)


def _operations(found: Answer) -> Iterator[int]:
    for operation in found.nested(CTRL_ATTR_OPS):
        answer = _answer(_decoded(ATTRIBUTES, operation.value).attributes)
        identifier = answer.integer(CTRL_ATTR_OP_ID)
        if identifier is not None:
            yield identifier


def _check(body: ErrorBody) -> None:
    if body.error:
        said = _answer(body.attributes).text(NLMSGERR_ATTR_MSG)
        raise OSError(-body.error, said or strerror(-body.error))


def _decoded(layout: Layout[_Value], octets: bytes) -> _Value:
    try:
        return layout.decode(octets)
    except MalformedFrame as error:
        raise OSError(EPROTO, f"an answer that is none: {error}") from error
