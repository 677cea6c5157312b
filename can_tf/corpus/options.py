"""What a corpus of one's own does not say of itself."""

import dataclasses
from collections.abc import Mapping

from can_tf.alignment.formats import DEFAULT_READING, Reading


@dataclasses.dataclass(frozen=True, kw_only=True)
class CorpusOptions:
    """How a list of utterances, and the word timings that it names, are read.

    Attributes:
        columns: The name that the list has for a column, by the name that can_tf has for it.
        reading: Which tier or channel of an alignment has the words, and what else in it marks silence.

    Example:
        >>> CorpusOptions(columns={"label": "emotion"}).reading.tier is None
        True
    """

    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)
    reading: Reading = DEFAULT_READING


DEFAULT_OPTIONS = CorpusOptions()
