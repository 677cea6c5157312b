"""How a word that no dictionary has is said: espeak-ng's guess, in the phones of the CMU dictionary."""

from can_tf.alignment.espeak import Synthesizer
from can_tf.errors import AlignmentError

# What espeak-ng's American English writes in the International Phonetic Alphabet; the longest match counts.
_PHONES = {
    "p": "P",
    "b": "B",
    "t": "T",
    "d": "D",
    "k": "K",
    "ɡ": "G",
    "g": "G",
    "f": "F",
    "v": "V",
    "θ": "TH",
    "ð": "DH",
    "s": "S",
    "z": "Z",
    "ʃ": "SH",
    "ʒ": "ZH",
    "h": "HH",
    "m": "M",
    "n": "N",
    "ŋ": "NG",
    "l": "L",
    "ɹ": "R",
    "r": "R",
    "j": "Y",
    "w": "W",
    "tʃ": "CH",
    "dʒ": "JH",
    "ɾ": "T",
    "ʔ": "T",
    "x": "K",
    "ɬ": "L",
    "n\u0329": "AH N",
    "l\u0329": "AH L",
    "m\u0329": "AH M",
    "əl": "AH L",
    "ə": "AH",
    "ɐ": "AH",
    "ʌ": "AH",
    "ɚ": "ER",
    "ɜː": "ER",
    "ɜ": "ER",
    "ɪ": "IH",
    "ᵻ": "IH",
    "iː": "IY",
    "i": "IY",
    "ɛ": "EH",
    "e": "EH",
    "æ": "AE",
    "a": "AE",
    "ɑː": "AA",
    "ɑ": "AA",
    "ɒ": "AA",
    "ɔː": "AO",
    "ɔ": "AO",
    "o": "AO",
    "ʊ": "UH",
    "uː": "UW",
    "u": "UW",
    "eɪ": "EY",
    "aɪ": "AY",
    "ɔɪ": "OY",
    "aʊ": "AW",
    "oʊ": "OW",
    "oː": "AO",
}
_LONGEST = max(map(len, _PHONES))


class Pronouncer:
    """Guesses pronunciations.

    Raises:
        MissingExtraError: espeakng-loader is not installed.
    """

    def __init__(self) -> None:
        self._engine = Synthesizer()
        self._engine.use_voice("en-us")

    def guess(self, word: str) -> str:
        """Returns phones; raises AlignmentError where there are none to be guessed.

        Example:
            >>> Pronouncer().guess("zoomer")
            'Z UW M ER'
        """
        phones = arpabet(self._engine.phonemes(word))
        if not phones:
            raise AlignmentError(f"the word {word!r} is not in the dictionary, and how it is said cannot be guessed")
        return phones


def arpabet(phonetic: str) -> str:
    """Returns a word of the phonetic alphabet in the CMU dictionary's phones, without stress and unknown signs.

    Example:
        >>> arpabet("k\u02c8\u00e6t")
        'K AE T'
    """
    phones, place = [], 0
    while place < len(phonetic):
        for length in range(_LONGEST, 0, -1):
            if phone := _PHONES.get(phonetic[place : place + length]):
                phones.append(phone)
                break
        place += length
    return " ".join(phones)
