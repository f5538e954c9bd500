"""Paces by the name that they had when only a mesh needed them."""

from lowpan.adaptation.pace import Allowance, Pace

__all__ = ["Allowance", "Pace"]
