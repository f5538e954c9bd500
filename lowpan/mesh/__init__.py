"""Mesh: finding networks, joining them, and staying part of them (MLE)."""
