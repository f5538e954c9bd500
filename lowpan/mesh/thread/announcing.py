"""Announce: where the network is, told on other channels, and followed if it is newer."""

from dataclasses import dataclass

from lowpan.adaptation.pace import Allowance
from lowpan.mac.service import LinkProtection
from lowpan.mesh.service import MeshAction
from lowpan.mesh.thread import messages
from lowpan.mesh.thread.datasets import Datasets
from lowpan.mesh.thread.network import is_later, order_of
from lowpan.mesh.thread.station import Station
from lowpan.radio import CHANNELS_2450
from lowpan.wire.addresses import ALL_NODES
from lowpan.wire.meshcop import Channel, PanId, Timestamp
from lowpan.wire.mle import MleMessage, TlvType

_PENDING_SOON = 60_000_000
"""Microseconds: with a pending dataset as new as that, which applies before, we only wait."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A newer state of the network is there: we shall go and attach."""

    channel: int
    pan_id: int


@dataclass(frozen=True, slots=True)
class _Heard:
    timestamp: Timestamp
    where: Elsewhere


class Announcing:
    """Follows Announces that are newer, answers older ones and those of orphans."""

    def __init__(self, station: Station, datasets: Datasets) -> None:
        self._station, self._datasets = station, datasets
        self._heard: _Heard | None = None
        self._deadline: int | None = None
        self._orphan_channels: list[int] = []
        self._orphan_at: int | None = None
        self._answers = Allowance(each=1_000_000, burst=4)

    def stop(self) -> None:
        """Follow nobody, look for nobody."""
        self._heard = self._deadline = None
        self.found()

    def found(self) -> None:
        """We are no orphan any more."""
        self._orphan_channels, self._orphan_at = [], None

    def receive_announce(
        self, message: MleMessage, *, is_attached: bool, now: int
    ) -> list[MeshAction]:
        """Take an Announce that is right and new."""
        channel = message.find(TlvType.CHANNEL, Channel)
        timestamp = message.find(TlvType.ACTIVE_TIMESTAMP, Timestamp)
        pan_id = message.find(TlvType.PAN_ID, PanId)
        if channel is None or timestamp is None or pan_id is None:
            return []
        if channel.page or channel.channel not in CHANNELS_2450 or pan_id.pan_id == 0xFFFF:
            return []
        where = Elsewhere(channel.channel, pan_id.pan_id)
        radio, active = self._station.radio, self._datasets.active.active_timestamp
        is_here = where == Elsewhere(radio.channel, radio.pan_id)
        if timestamp == messages.ORPHAN or is_later(active, timestamp):
            if is_here or not is_attached or not self._answers.take(now=now):
                return []
            return self.announce(where.channel, now=now)
        if timestamp == active or (is_here and not is_attached):
            return []
        return self._consider(_Heard(timestamp, where), now)

    def announce(self, channel: int, *, now: int) -> list[MeshAction]:
        """Say on `channel` where the network is."""
        active = self._datasets.active
        if active.channel is None or active.pan_id is None:
            return []
        message = messages.announce(active, active.channel, active.pan_id, orphan=False)
        return self._send(message, channel, now)

    def look_for_others(self, *, now: int) -> None:
        """Tell on all channels that we are an orphan: whoever knows where all are, says so."""
        radio = self._station.radio
        channels = self._station.network.channels
        self._orphan_channels = [channel for channel in channels if channel != radio.channel]
        self._orphan_at = now

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        dues = [due for due in (self._deadline, self._orphan_at) if due is not None]
        return min(dues, default=None)

    def handle_deadline(self, *, now: int) -> list[MeshAction | Elsewhere]:
        """Go where the newest Announce says, or send the next one of an orphan."""
        if self._deadline is not None and now >= self._deadline:
            heard, self._heard, self._deadline = self._heard, None, None
            return [] if heard is None else [heard.where]
        if self._orphan_at is None or now < self._orphan_at:
            return []
        if not self._orphan_channels:
            self._orphan_at = None
            return []
        station, active = self._station, self._datasets.active
        channel = self._orphan_channels.pop(0)
        self._orphan_at = now + station.settings.announce_interval
        radio = station.radio
        message = messages.announce(active, radio.channel, radio.pan_id, orphan=True)
        return [*self._send(message, channel, now)]

    def _consider(self, heard: _Heard, now: int) -> list[MeshAction]:
        """Wait for a little: there may be a newer one, and somebody who shows us the way."""
        pending = self._datasets.pending
        soon = pending is not None and pending.deadline - now < _PENDING_SOON
        if pending and soon and not is_later(heard.timestamp, pending.network.active_timestamp):
            return []
        if self._heard is not None and order_of(heard.timestamp) <= order_of(self._heard.timestamp):
            return []
        self._heard = heard
        self._deadline = now + self._station.settings.announce_wait
        return []

    def _send(self, message: MleMessage, channel: int, now: int) -> list[MeshAction]:
        return self._station.send(
            message, ALL_NODES, protection=LinkProtection.WELL_KNOWN, channel=channel, now=now
        )
