"""How much is fuzzed, and from which seed: the same seed gives the same octets again."""

import os

EXAMPLES = int(os.environ.get("LOWPAN_FUZZ_EXAMPLES", "400"))
"""Inputs for each format; `make fuzz` sets it to 1,000,000."""
FRAMES = 10 * EXAMPLES
"""Mutated frames for the sniffer."""
FILES = max(EXAMPLES // 10, 200)
"""Damaged capture files."""
SEED = int(os.environ.get("LOWPAN_FUZZ_SEED", "802154"))
"""Under `make fuzz` another one each time, unless it is given; printed at the start."""
SHARDS = 8
"""Parts of the work, each with its own seed and state: what one core gets at a time."""
