"""DESIGN's rules of security over random histories; `make fuzz` tries far more of them."""

from hypothesis import settings

from tests.mesh.replay_network import ReplayNetwork

TestReplayNetwork = ReplayNetwork.TestCase
TestReplayNetwork.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
