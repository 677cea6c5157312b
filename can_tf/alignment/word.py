"""A word and when it was said."""

import dataclasses
import re

_PRONUNCIATION_VARIANT = re.compile(r"\(\d+\)$")
_PUNCTUATION = '.,!?;:"()[]{}-\u2013\u2014\u2026\u201c\u201d\u00ab\u00bb'  # What recognizers write around words.


@dataclasses.dataclass(frozen=True, slots=True)
class Word:
    """One token of an alignment: a word, a filler such as `++LAUGHTER++`, or a silence such as `<sil>`.

    `start` and `end` are seconds from the beginning of the utterance's recording.

    Example:
        >>> word = Word("apple", start=1.41, end=1.44)
        >>> f"{word.text} lasts {word.end - word.start:.2f} s"
        'apple lasts 0.03 s'
    """

    text: str
    start: float
    end: float


def normalize_word(token: str) -> str:
    """Returns the word as the model sees it: lower case, without variant mark and outer punctuation.

    A token of nothing but punctuation gives an empty string. White space inside becomes `_`, so that a line of words
    splits into them again.

    Example:
        >>> normalize_word("LIKE(2)"), normalize_word(" Hello,"), normalize_word("--")
        ('like', 'hello', '')
    """
    word = _PRONUNCIATION_VARIANT.sub("", token.strip()).lower().replace("\u2019", "'").strip(_PUNCTUATION)
    return "_".join(word.split())
