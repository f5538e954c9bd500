"""The commands as they are written, in the same boot as the other checks of the kernel."""

from tests.kernel.command_scenarios import COUNT
from tests.kernel.test_kernel import Kernel, kernel

__all__ = ["kernel"]


def test_a_node_says_that_nobody_acknowledges_on_a_virtual_radio(kernel: Kernel) -> None:
    told = kernel.told("commands")
    assert told["said"][1:] == [
        "link-layer addresses 02:00:00:00:00:00:00:01",
        "no acknowledgments are asked for: on this virtual radio nobody gives any",
        "address fe80::1",
    ]


def test_linux_and_the_commands_answer_each_other_without_further_options(kernel: Kernel) -> None:
    told = kernel.told("commands")
    statistics = f"{COUNT} packets transmitted, {COUNT} received, 0% packet loss"
    assert told["answered"] == COUNT
    assert told["told"][-2].startswith(statistics)
    assert told["statuses"] == [0, 0]
