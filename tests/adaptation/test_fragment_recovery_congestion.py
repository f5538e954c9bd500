"""Recoverable fragments on a way that is congested: windows, and what is told of them."""

from dataclasses import replace
from random import Random
from typing import Any

from lowpan.adaptation.forwarding import Hop
from lowpan.adaptation.fragment_recovery import FragmentRecovery
from lowpan.wire.recoverable_fragment import FRAGMENT_ACKNOWLEDGMENT
from tests.adaptation.hops import A, B, C, contexts
from tests.adaptation.recovery_line import PARAMETERS, RecoveryLine
from tests.adaptation.recovery_traffic import OCTETS, asked, fragments_of


def test_congestion_on_the_way_is_told_once_and_halves_the_window() -> None:
    line = RecoveryLine()
    told: list[bytes] = []
    crowded = {"on": True}

    def congested(next_hop: bytes) -> bool:
        told.append(next_hop)
        return crowded.pop("on", False)

    line.congest(B, congested)
    line.send(OCTETS)
    line.run()
    assert [one.ecn for _, one in fragments_of(line, C)] == [True] + [False] * 5
    echoed = [
        FRAGMENT_ACKNOWLEDGMENT.decode(forward.payload).ecn
        for _, sender, forward in line.sent
        if sender == B and forward.payload[0] & 0xFE == 0xEA
    ]
    assert echoed == [True, False]
    assert told == [C] * 6


def test_the_window_of_a_next_hop_outlives_the_datagram() -> None:
    line = RecoveryLine(parameters=replace(PARAMETERS, opt_window_size=4, max_window_size=4))
    line.congest(B, lambda _: True)
    line.send(OCTETS, 1)
    line.run()
    windows = [asks for _, _, asks in asked(line)]
    assert windows == [True, False, True, True, True, True]
    before = len(windows)
    line.congest(B, lambda _: False)
    line.send(OCTETS, 2)
    line.run()
    assert [asks for _, _, asks in asked(line)][before:] == [
        *(True, False, True, False, False, True)
    ]


def test_congestion_may_be_ignored() -> None:
    parameters = replace(PARAMETERS, opt_window_size=4, max_window_size=4, use_ecn=False)
    line = RecoveryLine(parameters=parameters)
    line.congest(B, lambda _: True)
    line.send(OCTETS)
    line.run()
    assert [asks for _, _, asks in asked(line)] == [True, False, False, False, True, True]


def test_windows_are_remembered_of_so_many_next_hops() -> None:
    node = FragmentRecovery(lambda _: None, Random(1), contexts=contexts())
    for number in range(100):
        node.send_datagram(OCTETS, Hop(bytes([1, number]), A, 102), handle=1, now=0)
        node.cancel(1, now=0)
    internals: Any = vars(node)
    links: Any = internals["_transfers"]._links
    assert len(links) == 64
