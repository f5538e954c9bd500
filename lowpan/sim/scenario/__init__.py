"""Scenarios: whole networks and what happens to them, written in TOML."""
