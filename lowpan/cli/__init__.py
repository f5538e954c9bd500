"""The command line: `lowpan COMMAND`, one file per command, imported when it runs."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import cast

import click

from lowpan.cli.report import report
from lowpan.errors import LowpanError

COMMANDS = {
    "sniff": "Decode the frames of a capture or a radio and show them.",
    "radios": "List the radios that may be here.",
    "scan": "Find the networks on air with a radio.",
    "energy": "Measure how busy each channel is.",
    "send": "Send frames and tell what became of them.",
    "node": "Be a node: answer pings, and give the system an interface.",
    "join": "Join a Thread network, and tell each step with its time.",
    "ping": "Ask an IPv6 address for echoes over a radio.",
    "simulate": "Run a network that a scenario describes, in virtual time.",
    "fields": "List the fields that `sniff -T fields -e FIELD` can show.",
    "extcap": "Let Wireshark list radios and capture from them.",
}
"""Name -> what it does; the command is the function of that name in lowpan.cli.NAME."""

INTERRUPTED = {"ping": 1}
"""Exit status of commands that are interrupted before they have begun, if that is not 0."""

_VERSION: str = import_module("lowpan").__version__


class LazyGroup(click.Group):
    """A group of commands whose modules are imported when they run, so that --help is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command."""
        if cmd_name not in COMMANDS:
            return None
        return cast("click.Command", getattr(import_module(f"lowpan.cli.{cmd_name}"), cmd_name))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, invoke_without_command=True)
@click.version_option(_VERSION, prog_name="lowpan", message="%(prog)s %(version)s")
@click.pass_context
def group(context: click.Context) -> None:
    """Read IEEE 802.15.4, 6LoWPAN and MLE."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, or 2 for what the user can mend."""
    try:
        status = group.main(arguments, prog_name="lowpan", standalone_mode=False)
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx is not None else "lowpan"
        report(error.format_message(), f"`{where} --help` lists what there is")
    except click.ClickException as error:
        report(error.format_message())
    except LowpanError as error:
        report(str(error), getattr(error, "cure", ""))
    except (click.Abort, KeyboardInterrupt):
        words = sys.argv[1:] if arguments is None else arguments
        return INTERRUPTED.get(next(iter(words), ""), 0)
    else:
        return status if isinstance(status, int) else 0
    return 2


def main() -> None:
    """Run as a program."""
    sys.exit(run())
