"""Neighbour discovery: who is where on the link (RFC 4861, RFC 4862, RFC 6775, RFC 8505)."""
