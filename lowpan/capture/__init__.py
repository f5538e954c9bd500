"""Captures: files and live frames, and what they say when one follows a network."""
