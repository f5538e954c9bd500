"""Octets to values and back, one file per format, no state, no time."""
