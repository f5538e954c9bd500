"""What users are told of a radio that is listened to, in words."""

from lowpan.aio.live_radio import LiveRadio
from lowpan.cli.live_counts import LiveCounts


def hears_all_channels(live: LiveRadio) -> bool:
    """Tell whether no channel is tuned to: of a replay or a socket that was not asked for one."""
    return bool(getattr(live.radio, "hears_all_channels", False))


def beginning(live: LiveRadio) -> str:
    """Return which firmware answered, and where it listens."""
    radio, tuning = live.radio, live.tuning
    said = f"{radio.uri}: {radio.description}"
    if len(tuning.channels) > 1:
        names = channel_names(tuning.channels)
        return f"{said}; listens on channels {names}, {tuning.hop_s * 1000:g} ms on each"
    if hears_all_channels(live):
        return f"{said}; listens on all channels"
    settings = radio.settings
    page = f", page {settings.page}" if settings.page else ""
    return f"{said}; listens on channel {settings.channel}{page}"


def channel_names(channels: tuple[int, ...]) -> str:
    """Return `channels` as they are written: `11-26`, or `11, 15, 20`."""
    if len(channels) > 2 and channels == tuple(range(channels[0], channels[-1] + 1)):
        return f"{channels[0]}-{channels[-1]}"
    return ", ".join(map(str, channels))


def status_text(counts: LiveCounts, live: LiveRadio, now: float) -> str:
    """Return the status line."""
    dropped = dropped_text(live)
    away = ["no radio: waits for it to return"] if live.is_lost else []
    parts = [
        *away,
        f"{counts.frames} frames",
        f"{counts.rate(now):.1f}/s",
        f"{counts.bad_fcs} bad FCS",
        f"{dropped} dropped by the radio" if dropped else "",
        f"{counts.undecrypted} undecrypted",
        "" if hears_all_channels(live) else f"channel {live.radio.settings.channel}",
    ]
    return "  ".join(part for part in parts if part)


def dropped_text(live: LiveRadio) -> str:
    """Return how many frames the radio, the kernel or we gave up; empty if nobody tells."""
    statistics = live.radio.statistics
    told = statistics.dropped_by_radio
    if told is None and not statistics.overflowed:
        return ""
    return str((told or 0) + statistics.overflowed)


def silence_text(live: LiveRadio, seconds: float) -> tuple[str, str]:
    """Return what is known of a radio from which nothing came, and what may help."""
    radio = live.radio
    statistics, settings = radio.statistics, radio.settings
    if settings.promiscuous:
        filter_text = "promiscuous, so without filter"
    else:
        addresses = f"PAN 0x{settings.pan_id:04x}, short address 0x{settings.short_address:04x}"
        filter_text = f"not promiscuous, filter: {addresses}"
    channel_text = f"channel {settings.channel}, page {settings.page}"
    parts = [
        f"{statistics.octets} octets from the radio",
        f"{statistics.garbage} of them no messages" if statistics.garbage else "",
        f"{statistics.damaged} messages damaged" if statistics.damaged else "",
        f"{statistics.filtered} frames {_left_out(live)} left out" if statistics.filtered else "",
        f"{dropped_text(live) or 'unknown how many'} frames dropped",
        "all channels" if hears_all_channels(live) else channel_text,
        filter_text,
    ]
    cause = f"no frame for {seconds:.0f} s: {', '.join(part for part in parts if part)}"
    return cause, _silence_cure(live)


def _is_misunderstood(live: LiveRadio) -> bool:
    """Tell whether the radio speaks, and not what its driver knows.

    Some octets that are no message are usual: what was under way when the port was opened.
    """
    statistics = live.radio.statistics
    strange = statistics.damaged > 1 or 4 * statistics.garbage > statistics.octets
    return strange and not statistics.frames


def _left_out(live: LiveRadio) -> str:
    """Say what a radio without own filter has counted as filtered."""
    if hears_all_channels(live):
        return "of other networks"
    return "of other channels" if live.radio.settings.promiscuous else "for others"


def _silence_cure(live: LiveRadio) -> str:
    statistics, settings = live.radio.statistics, live.radio.settings
    if live.is_lost:
        return "the radio is away: plug it in again, and sniffing goes on"
    if _is_misunderstood(live):
        return "another firmware or baud rate may be in use: `lowpan radios --probe` asks"
    if not settings.promiscuous:
        return "the filter may leave out what there is; a radio with a promiscuous mode hears all"
    if len(live.tuning.channels) < 2 and not hears_all_channels(live):
        certain = "is" if statistics.filtered else "may be"
        where = f"the network {certain} on another channel"
        return f"{where}: --channel 11-26 --hop 2s listens on all, `lowpan scan` asks on all"
    if len(live.tuning.channels) > 1:
        return "a network that speaks seldom is missed: a longer --hop hears it, `lowpan scan` asks"
    return "no network may be near, or the radio's antenna is not connected"


def undecrypted_text(counts: LiveCounts) -> str:
    """Return how many frames were not decrypted, and why."""
    reasons = " and ".join(f"{number} {why.value}" for why, number in counts.closed.most_common())
    text = f"{counts.undecrypted} undecrypted"
    return f"{text} ({reasons})" if reasons else text


def summary_text(counts: LiveCounts, live: LiveRadio, now: float, *, is_decoded: bool) -> str:
    """Return what was heard in all."""
    statistics, dropped = live.radio.statistics, dropped_text(live)
    parts = [
        f"{counts.frames} frame{'' if counts.frames == 1 else 's'} in {now - counts.begin:.1f} s",
        f"{counts.bad_fcs} with bad FCS",
        f"{dropped} dropped by the radio" if dropped else "",
        undecrypted_text(counts) if is_decoded else "",
        f"lost and back {statistics.losses} times" if statistics.losses else "",
        f"{statistics.resets} resets" if statistics.resets else "",
    ]
    text = ", ".join(part for part in parts if part)
    if len(live.tuning.channels) > 1 and counts.channels:
        told = ", ".join(f"{channel}: {n}" for channel, n in sorted(counts.channels.items()))
        text = f"{text}; by channel {told}"
    return text
