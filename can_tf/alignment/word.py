"""A word and when it was said."""

import dataclasses
import re
import unicodedata

_PRONUNCIATION_VARIANT = re.compile(r"\(\d+\)$")
# What recognizers and people write around words.
_PUNCTUATION = (
    '.,!?;:"()[]{}-\u2013\u2014\u2026'  # Dashes and the ellipsis.
    "\u201c\u201d\u201e\u201f\u201a\u00ab\u00bb\u2039\u203a\u300c\u300d\u300e\u300f"  # Quotation marks.
    "\u00a1\u00bf\u060c\u061b\u061f\u0964\u3001\u3002\uff0c\uff01\uff1f\uff1a\uff1b\uff0e\u266a\u266b"
)
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
    word = unicodedata.normalize("NFC", _PRONUNCIATION_VARIANT.sub("", text).lower()).strip(_PUNCTUATION)
    if quoted := _QUOTED.fullmatch(word):
        word = (quoted[1] or quoted[2]).strip(_PUNCTUATION)
    return "_".join(word.translate(_APOSTROPHES).split())
