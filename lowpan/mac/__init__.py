"""The link layer: keys, CCM* and the protection of frames."""
