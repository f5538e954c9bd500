"""One node: link layer, adaptation layer, neighbour discovery and IPv6, without I/O or clock."""
