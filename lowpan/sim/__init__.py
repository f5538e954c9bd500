"""Simulated networks: many nodes, one schedule, a medium with the times of a real one."""
