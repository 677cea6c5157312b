"""From a transcript as people write it to the words that are said, in English.

Numbers, times, amounts and a few abbreviations are spelled out; punctuation, and marks such as [LAUGHTER], go; case and
accents go. "It's 10:30, Mr. O'Neil: $5!" is said it's ten thirty mister o'neil five dollars.
"""

import re
import unicodedata
from collections.abc import Iterator

from can_tf.alignment.silence import is_filler, is_silence
from can_tf.errors import AlignmentError, MissingExtraError

# [LAUGHTER], <sil>, {LG}, ++BREATHING++, THAN(2).
_MARK = re.compile(r"\[[^\]]*\]|<[^>]*>|\{[^}]*\}|\+\+\w+\+\+|(?<=[^\W\d])\(\d\)")
_MAYBE_MARK = re.compile(r"\([^()]*\)|\*[^*]*\*")  # (laughs), *sighs*, (0.5); but (so they say).
_ABBREVIATIONS = {
    "mr": "mister",
    "mrs": "missus",
    "ms": "miz",
    "dr": "doctor",
    "jr": "junior",
    "vs": "versus",
    "etc": "et cetera",
}
_SYMBOLS = {"&": "and", "%": "percent", "@": "at", "+": "plus", "=": "equals"}
_CURRENCIES = {"$": ("dollar", "dollars"), "€": ("euro", "euros"), "£": ("pound", "pounds")}

_PIECE = re.compile(
    r"(?P<time>\d{1,2}:[0-5]\d(?!\d))"
    r"|(?P<amount>[$€£]\d[\d,]*(?:\.\d+)?)"
    r"|(?P<ordinal>\d+(?:st|nd|rd|th)(?![a-z]))"
    r"|(?P<number>\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"|(?P<word>[^\W\d_]+(?:'[^\W\d_]+)*(?:(?<=in)')?)"  # And talkin'; others are quotation marks.
    r"|(?P<symbol>[&%@+=])"
)


def spoken_words(transcript: str) -> tuple[str, ...]:
    """Returns the words of a transcript in lower case, as they are said.

    Raises:
        AlignmentError: No word is left, or a word is not written in the Latin alphabet.
        MissingExtraError: A number is to be spelled out, and num2words is not installed.

    Example:
        >>> spoken_words("It's 10:30, Mr. O'Neil!")
        ("it's", 'ten', 'thirty', 'mister', "o'neil")
    """
    text = unicodedata.normalize("NFKC", transcript).replace("\u2019", "'").replace("\u2018", "'").lower()
    text = _MAYBE_MARK.sub(lambda mark: " " if is_filler(mark[0]) or is_silence(mark[0]) else mark[0], text)
    words = tuple(word for piece in _PIECE.finditer(_MARK.sub(" ", text)) for word in _said(piece))
    if not words:
        raise AlignmentError(f"the transcript {transcript.strip()[:40]!r} holds no words")
    return words


def _said(piece: re.Match[str]) -> Iterator[str]:
    kind, text = piece.lastgroup, piece[0]
    if kind == "word":
        yield from _ABBREVIATIONS.get(text, _latin(text)).split()
    elif kind == "symbol":
        yield _SYMBOLS[text]
    elif kind == "time":
        hour, minute = text.split(":")
        yield from _number(hour)
        if minute == "00":
            yield "o'clock"
        else:
            yield from (["oh"] if minute[0] == "0" else [])
            yield from _number(str(int(minute)))
    elif kind == "amount":
        yield from _amount(text)
    elif kind == "ordinal":
        yield from _number(text[:-2], to="ordinal")
    else:
        yield from _number(text, to="year" if re.fullmatch(r"1[1-9]\d\d|20\d\d", text) else "cardinal")


def _latin(word: str) -> str:
    """Returns a word without its accents; raises AlignmentError if it is of another alphabet than English is."""
    letters = "".join(letter for letter in unicodedata.normalize("NFD", word) if not unicodedata.combining(letter))
    if not re.fullmatch(r"[a-z']+", letters):
        raise AlignmentError(
            f"the word {word[:40]!r} is not written in the Latin alphabet; transcripts are aligned in English alone. "
            "Leave the transcript out, so that Whisper recognizes the words, or give an alignment file"
        )
    return letters


def _amount(text: str) -> Iterator[str]:
    one, more = _CURRENCIES[text[0]]
    whole, _, part = text[1:].replace(",", "").partition(".")
    yield from _number(whole)
    yield one if whole.lstrip("0") == "1" else more
    if len(part) == 2 and int(part):
        yield from _number(str(int(part)))


def _number(digits: str, *, to: str = "cardinal") -> list[str]:
    try:
        from num2words import num2words
    except ImportError as error:
        raise MissingExtraError("Spelling out numbers", "align") from error
    plain = digits.replace(",", "")
    if len(plain) > 15:  # No count: a number of a card or a telephone is said digit by digit.
        return [num2words(int(digit)) for digit in plain if digit.isdigit()]
    said = num2words(float(plain) if "." in plain else int(plain), to=to)
    return re.findall(r"[a-z']+", said)
