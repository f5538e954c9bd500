"""Link layers under management in one room: a coordinator, number 0, and devices."""

from dataclasses import replace
from random import Random
from typing import TypeVar, cast

from lowpan.mac.link_layer import LinkLayer, LinkSettings
from lowpan.mac.management import Management
from lowpan.mac.management_service import ManagementSettings
from lowpan.mac.membership import JoinPlan
from lowpan.mac.scanning import ScanPlan, ScanType
from lowpan.mac.security import LinkSecurity
from lowpan.radio import RadioCapability
from tests.mac.air import Air, settings_of

COORDINATOR = ManagementSettings(coordinator=True)
DEVICE = ManagementSettings(device=True)
HERE = JoinPlan((15,))
SECOND = 1_000_000
Kind = TypeVar("Kind")


class Managed(Air):
    """An Air whose link layers have a role each; `of` returns what one has told."""

    def __init__(
        self,
        *roles: ManagementSettings,
        security: tuple[LinkSecurity | None, ...] = (None,) * 8,
        seed: int = 0,
    ) -> None:
        super().__init__(len(roles))
        self.managements: list[Management] = []
        for number, role in enumerate(roles):
            radio = settings_of(number)
            if role.device:
                radio = replace(radio, short_address=0xFFFF, pan_id=0xFFFF)
            link = LinkLayer(
                radio,
                RadioCapability.TRANSMIT,
                Random(seed + number),
                security=security[number],
                settings=LinkSettings(duplicate_window=8 * SECOND),
            )
            management = Management(link, Random(seed + number), role)
            self.managements.append(management)
            self.links[number] = cast("LinkLayer", management)
        if roles[0].coordinator:
            self.managements[0].permit_joining(None, now=0)

    def join(self, number: int = 1, plan: JoinPlan = HERE) -> None:
        """Let a device look for a PAN."""
        self.take(number, self.managements[number].join(plan, now=self.now))  # type: ignore[arg-type]

    def scan(self, number: int, scan_type: ScanType = ScanType.ACTIVE) -> None:
        """Scan channel 15 for 300 ms."""
        plan = ScanPlan(scan_type, (15,), 300_000)
        self.take(number, self.managements[number].scan(plan, now=self.now))  # type: ignore[arg-type]

    def send(self, number: int, payload: bytes, destination: bytes) -> None:
        """Send a data frame."""
        management = self.managements[number]
        link = management.link
        source = link.short_address or link.extended_address
        assert source is not None
        sent = management.send_data(payload, source, destination, handle=1, now=self.now)
        self.take(number, sent)  # type: ignore[arg-type]

    def wait(self, duration: int) -> None:
        """Let microseconds pass."""
        until = self.now + duration
        self.run(until)
        self.now = max(self.now, until)

    def of(self, number: int, kind: type[Kind]) -> list[Kind]:
        """Return what one has told, of one kind."""
        return [action for action in self.told[number] if isinstance(action, kind)]
