"""Everything that turns a decoded frame into text, as the command does."""

import json

from lowpan.capture.decoded import DecodedFrame
from lowpan.capture.fields import ALL_FIELDS
from lowpan.capture.rows import json_function, row_function
from lowpan.capture.summary import ends_of, is_faulty, protocol_of, says
from lowpan.capture.tree import tree


class Printers:
    """The printers of `lowpan sniff`, each in its hardest form: with every field there is."""

    def __init__(self) -> None:
        self._row = row_function(ALL_FIELDS)
        self._json = json_function(ALL_FIELDS)

    def look_at(self, decoded: DecodedFrame) -> None:
        """Print `decoded` in every form; AssertionError where a line is not one line."""
        texts = [*ends_of(decoded), protocol_of(decoded), says(decoded)]
        texts += [line.text for line in tree(decoded)]
        for text in texts:
            assert text.isprintable(), text
        is_faulty(decoded)
        repr(decoded)
        row = self._row(decoded)
        assert row.count("\t") == len(ALL_FIELDS) - 1
        assert row.replace("\t", "").isprintable(), row
        assert json.loads(self._json(decoded))["frame.number"] == decoded.number
