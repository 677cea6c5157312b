"""A word and when it was said."""

import dataclasses
import re
import unicodedata

_PRONUNCIATION_VARIANT = re.compile(r"\(\d+\)$")
_PUNCTUATION = frozenset('.,!?;:"()[]{}-\u266a\u266b')  # Written around words, beside that of other scripts.
_APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc\u0060\u00b4\u2032\uff07", "'"))
_UNSEEN = str.maketrans(dict.fromkeys("\u00ad\u200b\u2060\ufeff"))  # The soft hyphen, and spaces of no width.
_QUOTED = re.compile("\u2018(.+)\u2019|\u2018(.+)", re.DOTALL)  # An apostrophe never begins so.


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
    """Returns the word as the model sees it: lower case, without variant mark and outer punctuation, in Unicode's NFC.

    Curly apostrophes become straight, and what nobody sees, such as a soft hyphen, goes. A token of nothing but
    punctuation gives an empty string. White space inside becomes `_`, so that a line of words splits into them again.

    Example:
        >>> [normalize_word(token) for token in ("LIKE(2)", " \u00bfHola?", "Don\u2019t", "--")]
        ['like', 'hola', "don't", '']
    """
    text = token.translate(_UNSEEN).strip()
    word = _bare(unicodedata.normalize("NFC", _PRONUNCIATION_VARIANT.sub("", text).lower()))
    if quoted := _QUOTED.fullmatch(word):
        word = _bare(quoted[1] or quoted[2])
    return "_".join(word.translate(_APOSTROPHES).split())


def _bare(text: str) -> str:
    """Returns text without punctuation at its ends, of any script; an apostrophe may be part of a word."""
    first, end = 0, len(text)
    while first < end and _is_punctuation(text[first]):
        first += 1
    while first < end and _is_punctuation(text[end - 1]):
        end -= 1
    return text[first:end]


def _is_punctuation(character: str) -> bool:
    if character.isascii() or ord(character) in _APOSTROPHES:
        return character in _PUNCTUATION
    return character in _PUNCTUATION or unicodedata.category(character).startswith("P")
