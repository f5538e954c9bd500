"""What an MLE message says, in one line: its command and the TLVs that matter to a reader."""

from collections.abc import Callable
from typing import Any

from lowpan.capture.decoded import DecodedMle
from lowpan.capture.names import MLE_COMMANDS, MLE_TLVS, name_of
from lowpan.wire.addresses import format_ipv6
from lowpan.wire.dataset import Dataset, Discovery
from lowpan.wire.link_metrics import LinkMetrics, MetricReport
from lowpan.wire.meshcop import Channel, NetworkName, PanId
from lowpan.wire.mle import Tlv, TlvType
from lowpan.wire.mle_draft import Mode, SourceAddress, Timeout
from lowpan.wire.mle_tlvs import (
    Address16,
    CslTimeout,
    LeaderData,
    LinkMargin,
    LinkProbe,
    Status,
    SupervisionInterval,
    TlvRequest,
)
from lowpan.wire.network_data import LowpanContext, NetworkData, Prefix
from lowpan.wire.route64 import Route64


def mle_says(mle: DecodedMle) -> str:
    """Return what the message says, as far as it was opened."""
    message = mle.message
    if message is None:
        return f"secured, {len(mle.envelope.payload)} octets" if mle.envelope.security else ""
    parts = [name_of(MLE_COMMANDS, message.command, "command")]
    parts += [said for tlv in message.tlvs if (said := _tlv_says(tlv))]
    return ", ".join(parts)


def _tlv_says(tlv: Tlv) -> str:
    """Return what a TLV says; empty if it is not worth a place in a line."""
    say = _SAY.get(type(tlv.value))
    return say(tlv) if say is not None else ""


def _mode(tlv: Any) -> str:
    mode: Mode = tlv.value
    letters = {
        "r": mode.rx_on_when_idle,
        "d": mode.full_thread_device,
        "n": mode.full_network_data,
    }
    return f"mode {''.join(letter for letter, flag in letters.items() if flag) or '-'}"


def _leader(tlv: Any) -> str:
    data: LeaderData = tlv.value
    return (
        f"partition {data.partition_id:08x} leader {data.leader_router_id}"
        f" data {data.data_version}/{data.stable_data_version}"
    )


def _route64(tlv: Any) -> str:
    routes = tlv.value.by_router_id()
    return "routers " + " ".join(
        f"{router_id}:{route.link_quality_out}/{route.link_quality_in}/{route.cost or '-'}"
        for router_id, route in routes.items()
    )


def _wanted(tlv: Any) -> str:
    names = (name_of(MLE_TLVS, number, "TLV") for number in tlv.value.types)
    return f"wants {' + '.join(names)}"


def _network_data(tlv: Any) -> str:
    prefixes = [item.value for item in tlv.value.tlvs if isinstance(item.value, Prefix)]
    return " ".join(_prefix(prefix) for prefix in prefixes)


def _prefix(prefix: Prefix) -> str:
    text = f"prefix {format_ipv6(prefix.prefix.ljust(16, bytes(1)))}/{prefix.prefix_length}"
    numbers = [
        str(item.value.control.context_id)
        for item in prefix.tlvs
        if isinstance(item.value, LowpanContext)
    ]
    return f"{text} context {' '.join(numbers)}" if numbers else text


def _discovery(tlv: Any) -> str:
    name = next(
        (item.value for item in tlv.value.tlvs if isinstance(item.value, NetworkName)), None
    )
    return f"network {name.name!r}" if name is not None else ""


def _channel(tlv: Any) -> str:
    which = "CSL channel" if tlv.type == TlvType.CSL_CHANNEL else "channel"
    return f"{which} {tlv.value.channel}"


def _metrics(tlv: Any) -> str:
    values = [item.value.value for item in tlv.value.tlvs if isinstance(item.value, MetricReport)]
    return f"link metrics {' '.join(map(str, values))}" if values else ""


_SAY: dict[type[Any], Callable[[Tlv], str]] = {
    SourceAddress: lambda tlv: f"from 0x{_octets(tlv, 'address')}",
    Address16: lambda tlv: f"address 0x{_octets(tlv, 'address')}",
    Mode: _mode,
    Timeout: lambda tlv: f"timeout {_number(tlv, 'timeout')} s",
    LeaderData: _leader,
    Route64: _route64,
    TlvRequest: _wanted,
    NetworkData: _network_data,
    Discovery: _discovery,
    Channel: _channel,
    PanId: lambda tlv: f"PAN {_number(tlv, 'pan_id'):#06x}",
    LinkMargin: lambda tlv: f"margin {_number(tlv, 'link_margin')} dB",
    Status: lambda tlv: f"status {_number(tlv, 'status')}",
    Dataset: lambda tlv: "with dataset",
    LinkProbe: lambda tlv: f"series {_number(tlv, 'series_id')}",
    LinkMetrics: _metrics,
    CslTimeout: lambda tlv: f"CSL timeout {_number(tlv, 'timeout')} s",
    SupervisionInterval: lambda tlv: f"supervision {_number(tlv, 'interval')} s",
}


def _number(tlv: Tlv, attribute: str) -> int:
    return int(getattr(tlv.value, attribute))


def _octets(tlv: Tlv, attribute: str) -> str:
    octets: bytes = getattr(tlv.value, attribute)
    return octets.hex()
