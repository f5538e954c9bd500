"""What a place in a PAN means for the layers above: addresses, routers, patience with sleepers."""

from dataclasses import replace

from lowpan.mac.association import Associated, NotAssociated
from lowpan.mac.coordinating import DeviceJoined
from lowpan.mac.link_layer import LinkLayer
from lowpan.mac.management import Management
from lowpan.mac.management_service import ManagementAction
from lowpan.mac.service import LinkAction
from lowpan.mesh.service import ExpectAnswer, SetSleepers, SleepOn, StayAwake
from lowpan.node.neighbourhood import NeighbourAction, Neighbourhood
from lowpan.node.service import AddressChanged
from lowpan.radio import RadioSettings

PlaceNews = Associated | NotAssociated | DeviceJoined
SleepOrder = SleepOn | StayAwake | ExpectAnswer | SetSleepers
"""What a mesh engine wants of those who sleep, which we may be ourselves."""


class PanSide:
    """Keeps neighbour discovery and our addresses as `management` says who and where we are."""

    def __init__(
        self, management: Management, neighbourhood: Neighbourhood, *, routers: bool
    ) -> None:
        self._management, self._neighbourhood, self._routers = management, neighbourhood, routers
        self._joined: int | None = None
        """The PAN that we were in last, until we are out."""

    @property
    def _link(self) -> LinkLayer:
        return self._management.link

    def configure(self, radio: RadioSettings) -> list[LinkAction | AddressChanged]:
        """Be known by another short address or PAN ID, or be on another channel.

        Whether the receiver is off when idle stays as it is.
        """
        link = self._link
        before = link.short_address, link.radio.pan_id
        radio = replace(radio, rx_on_when_idle=link.radio.rx_on_when_idle)
        actions: list[LinkAction | AddressChanged] = [*link.configure(radio)]
        return (
            actions if before == (link.short_address, radio.pan_id) else [*actions, *self.renamed()]
        )

    def renamed(self) -> list[AddressChanged]:
        """Have the addresses that go with our short address and PAN ID, and no others of them."""
        link, own = self._link, self._neighbourhood.own
        short, pan_id, extended = link.short_address, link.radio.pan_id, link.extended_address
        assert extended is not None
        self._neighbourhood.discovery.rename(short, pan_id)
        gone, made = own.rename(extended, short, pan_id)
        changed = [AddressChanged(address, ready=False) for address in gone]
        return changed + [AddressChanged(address, ready=True) for address in made]

    def take(self, news: PlaceNews, *, now: int) -> list[NeighbourAction]:
        """Be known as our coordinator says; what routers told goes with the PAN they are in."""
        if isinstance(news, DeviceJoined):
            self.heed_sleepers()
            return []
        joined = news.pan_id if isinstance(news, Associated) else None
        done: list[NeighbourAction] = [*self.renamed()]
        if self._joined not in (None, joined):
            done += self._neighbourhood.leave_link(now=now)
        self._joined = joined
        return done if joined is None else done + self.look_for_routers(now=now)

    def carry_out(self, order: SleepOrder, *, now: int) -> list[ManagementAction]:
        """Do what a mesh engine wants, which has found its parent by itself."""
        match order:
            case SleepOn(parent, interval):
                return self._management.sleep_on(parent, interval, now=now)
            case StayAwake():
                return self._management.stay_awake(now=now)
            case ExpectAnswer(until):
                self._management.expect_until(until, now=now)
                return []
            case SetSleepers(sleepers, named):
                return [*self._link.set_sleepers(sleepers, named, now=now)]

    def look_for_routers(self, *, now: int) -> list[NeighbourAction]:
        """Look for routers, if that is wanted, and there is a PAN to look in."""
        if not self._routers or self._management.is_out:
            return []
        return self._neighbourhood.solicit_routers(now=now)

    def heed_sleepers(self) -> None:
        """Wait as long for answers of neighbours as what sleepers are asked waits for them."""
        pan, cache = self._management.pan, self._neighbourhood.discovery.cache
        if pan is not None and pan.sleepers:
            persistence = self._link.settings.timing.transaction_persistence
            cache.retrans_timer = max(cache.retrans_timer, persistence)
