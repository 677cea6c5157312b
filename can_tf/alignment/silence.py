"""Which tokens of an alignment stand for silence: one list, for every format and for the spans."""

from collections.abc import Sequence

from can_tf.alignment.word import Word, normalize_word

SILENCE = "<sil>"  # What readers and writers put for a silence.
SILENCES = frozenset({"<s>", SILENCE, "</s>"})  # Silence in any format; the paper removes these three.
# Silence where every stretch of the recording has a label, as in a TextGrid; elsewhere "sil" may be a word.
SILENT_INTERVALS = SILENCES | {"", "sil", "sp", "<eps>"}


def is_silence(token: str) -> bool:
    """Tells whether a token is one of the three that the paper removes, in any case, or holds no word at all.

    Example:
        >>> [is_silence(token) for token in ("<SIL>", "...", "yes", "++LAUGHTER++")]
        [True, True, False, False]
    """
    return token.lower() in SILENCES or not normalize_word(token)


def without_silence(tokens: Sequence[Word]) -> list[Word]:
    """Returns the words and fillers among the tokens of an alignment.

    Example:
        >>> [word.text for word in without_silence([Word("<s>", 0, 1), Word("yes", 1, 2)])]
        ['yes']
    """
    return [token for token in tokens if not is_silence(token.text)]


def silence_at_edges(words: Sequence[Word], audio_seconds: float) -> tuple[Word, ...]:
    """Returns words with `<s>` before the first and `</s>` behind the last, where the audio goes further than they.

    Example:
        >>> [token.text for token in silence_at_edges([Word("yes", 0.5, 1.0)], audio_seconds=1.0)]
        ['<s>', 'yes']
    """
    before = [Word("<s>", 0.0, words[0].start)] if words[0].start > 0 else []
    after = [Word("</s>", words[-1].end, audio_seconds)] if audio_seconds > words[-1].end else []
    return (*before, *words, *after)
