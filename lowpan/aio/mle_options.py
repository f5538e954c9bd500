"""MLE as drafted on a node, as its user says it."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from random import Random

from lowpan.errors import FieldOutOfRange
from lowpan.mac.ccm_star import KEY_OCTETS
from lowpan.mac.keys import FIRST_KEY, KeyTable
from lowpan.mac.policy import SecurityPolicy
from lowpan.mac.security import LinkSecurity
from lowpan.mesh.key_sequence import LEAST_ROTATION_HOURS, ROTATION_HOURS, KeySequence
from lowpan.mesh.link_establishment import LinkEstablishment
from lowpan.mesh.link_settings import SLEEPER, MeshLinkSettings
from lowpan.mesh.mle_keys import NamedMleKeys
from lowpan.mesh.mle_security import MleSecurity
from lowpan.mesh.network_parameters import NetworkParameters
from lowpan.mesh.network_security import SECURITY_LEVEL, NetworkSecurity
from lowpan.mesh.parameter_events import ParameterSettings
from lowpan.radio import CHANNELS_2450
from lowpan.store import Store
from lowpan.wire.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class MleOptions:
    """The keys of a network whose nodes establish links, 16 octets each.

    All come from `network_key`, and change with its key sequence; or `link_key` and `mle_key` are
    given, one for frames and one for MLE, and stay.
    """

    network_key: bytes | None = None
    link_key: bytes | None = None
    mle_key: bytes | None = None
    rotation_hours: int = ROTATION_HOURS
    """Hours for which a key sequence is in use, 2 or more."""
    links: MeshLinkSettings = field(default_factory=MeshLinkSettings)
    """Times and bounds."""
    channels: Collection[int] = CHANNELS_2450
    """Where the network may go, and is looked for."""

    def __post_init__(self) -> None:
        """Let nobody see the keys; raise FieldOutOfRange, which quotes none."""
        for name in ("network_key", "link_key", "mle_key"):
            key: bytes | None = getattr(self, name)
            if key is None:
                continue
            if len(key) != KEY_OCTETS:
                raise FieldOutOfRange(f"a {name} of {len(key)} octets instead of {KEY_OCTETS}")
            object.__setattr__(self, name, Secret(key))
        given = tuple(key is not None for key in (self.network_key, self.link_key, self.mle_key))
        if given not in ((True, False, False), (False, True, True)):
            raise FieldOutOfRange("MLE wants a network_key, or a link_key and an mle_key")
        if self.link_key is not None and self.link_key == self.mle_key:
            raise FieldOutOfRange("link_key and mle_key are the same: they must differ")
        if self.rotation_hours < LEAST_ROTATION_HOURS:
            least = f"{LEAST_ROTATION_HOURS} at least"
            raise FieldOutOfRange(f"a rotation time of {self.rotation_hours} hours: {least}")

    def parts(
        self,
        extended_address: bytes,
        store: Store,
        random: Random,
        *,
        poll_interval: float | None = None,
        now: int,
    ) -> "MleParts":
        """Return the engines of a node, one that sleeps if it polls; raises StoreError."""
        links = self.links
        if poll_interval is not None:
            interval = round(poll_interval * 1_000_000)
            links = replace(links, mode=SLEEPER, poll_interval=interval)
        link, mle, keys = self._secured(extended_address, store, now)
        parameters = NetworkParameters(
            random, store=store, settings=ParameterSettings(SECURITY_LEVEL, self.channels)
        )
        engine = LinkEstablishment(
            mle,
            random,
            link_security=link,
            keys=keys,
            parameters=parameters,
            store=store,
            settings=links,
        )
        return MleParts(link, mle, keys, parameters, engine)

    def _secured(
        self, extended_address: bytes, store: Store, now: int
    ) -> tuple[LinkSecurity, MleSecurity, KeySequence | None]:
        if self.network_key is not None:
            made = NetworkSecurity(
                self.network_key,
                extended_address,
                store,
                now=now,
                rotation_hours=self.rotation_hours,
            )
            return made.link, made.mle, made.keys
        assert self.link_key is not None
        assert self.mle_key is not None
        link_keys, mle_keys = KeyTable(), KeyTable()
        link_keys.add(FIRST_KEY, self.link_key)
        mle_keys.add(FIRST_KEY, self.mle_key)
        policy = SecurityPolicy.for_level(SECURITY_LEVEL, data_in_clear=True)  # of MLE alone
        link = LinkSecurity(extended_address, link_keys, store, level=SECURITY_LEVEL, policy=policy)
        named = NamedMleKeys(mle_keys, link_keys)
        return link, MleSecurity(extended_address, named, store, level=SECURITY_LEVEL), None


@dataclass(frozen=True, slots=True)
class MleParts:
    """What link establishment on one node is made of."""

    link: LinkSecurity
    mle: MleSecurity
    keys: KeySequence | None
    """None: the keys stay."""
    parameters: NetworkParameters
    engine: LinkEstablishment

    def settle(self, *, now: int) -> None:
        """Before an orderly end: what the next start need not find out; raises StoreError."""
        self.mle.settle(now=now)
        self.engine.save(now=now)
