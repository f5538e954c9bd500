"""`lowpan node`: the options; lowpan.cli.node_running does the work."""

from importlib import import_module
from typing import Any

import click

from lowpan.cli.durations import within
from lowpan.cli.node_identity import identity_options, taken_from

LONGEST_POLL_INTERVAL_S = 7.0
"""Frames wait for 7.68 s."""


@click.command(short_help="Be a node: answer pings, and give the system an interface.")
@click.argument("radio")
@identity_options
@click.option(
    "--tun", metavar="NAME", help="Let the system use the node by an interface, such as lowpan0."
)
@click.option(
    "--route",
    "routes",
    metavar="PREFIX",
    multiple=True,
    help="What else the system reaches through --tun.",
)
@click.option(
    "--associate", is_flag=True, help="Join a PAN that lets us in; with --pan and --channel, that."
)
@click.option(
    "--poll-interval",
    callback=within(0.05, LONGEST_POLL_INTERVAL_S),
    metavar="TIME",
    help="With --associate, --mle or --role sed: sleep, and ask so often for what waits, as 4s.",
)
@click.option(
    "--set",
    "parameters",
    metavar="NAME=VALUE",
    multiple=True,
    help="With --mle: let the network have another channel=N or pan_id=ID.",
)
@click.option(
    "--after",
    callback=within(0.1, 86400),
    metavar="TIME",
    help="When --set holds: all have to hear of it before. Default: 60s.",
)
@click.option("--coordinator", is_flag=True, help="Have a PAN that devices may join.")
@click.option("--permit", is_flag=True, help="Let devices join the --coordinator.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def node(radio: str, **options: Any) -> int:
    """Be an IPv6 host on the network of RADIO until interrupted, and tell what happens.

    The key is that of --raw-key, --keys, or the variable LOWPAN_KEYS (`raw HEX index=1`); with
    --mle, that of --network-key, --keys, or LOWPAN_KEYS (`thread HEX`).
    """
    work = import_module("lowpan.cli.node_running")
    identity = taken_from(options)
    status: int = work.run_node(radio, identity, work.NodeCommandOptions(**options))
    return status
