"""lowpan: IEEE 802.15.4, 6LoWPAN and MLE."""
