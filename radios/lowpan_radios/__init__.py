"""Drivers of transceivers, one module each; imported only when a radio's URI names them."""
