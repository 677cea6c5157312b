"""A word and when it was said."""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Word:
    """One token of an alignment: a word, a filler such as `++LAUGHTER++`, or a silence such as `<sil>`.

    `start` and `end` are seconds from the beginning of the utterance's recording.
    """

    text: str
    start: float
    end: float
