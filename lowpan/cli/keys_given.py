"""The keys that a command line names, in files or else in the environment."""

import os
from pathlib import Path

from lowpan.capture.key_sources import (
    ENVIRONMENT_VARIABLE,
    Given,
    keys_in_environment,
    read_key_file,
)
from lowpan.cli.node_identity import IdentityOptions


def keys_given(identity: IdentityOptions) -> tuple[Given, str]:
    """Return all of --keys, or of the environment without it, and which; raise KeyFormatError."""
    if not identity.key_files:
        return keys_in_environment(os.environ), ENVIRONMENT_VARIABLE
    given = Given()
    for file in identity.key_files:
        given.add(read_key_file(Path(file)))
    return given, "--keys"
