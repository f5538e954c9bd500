"""IPv6 over IEEE 802.15.4: header compression and what it needs to know."""
