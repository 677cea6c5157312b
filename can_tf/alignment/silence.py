"""Which tokens of an alignment stand for silence and which for noise: one list, for every format and for the spans.

Marks are compared in lower case. The lists hold what Sphinx, Kaldi, HTK, Julius, Montreal Forced Aligner, P2FA,
WebMAUS, TIMIT and Buckeye write, and what transcribers of telephone speech do.
"""

import re
from collections.abc import Collection, Sequence

from can_tf.alignment.word import Word, normalize_word

SILENCE = "<sil>"  # What readers and writers put for a silence.
SILENCES = frozenset({"<s>", SILENCE, "</s>"})  # The three that the paper removes.
_BARE_SILENCES = frozenset(
    "sil sp silb sile # h# !sil !enter !exit !null sent-start sent-end sent_start sent_end".split()
)
# Within brackets of any kind, <p:> or [silence].
_NAMES_OF_SILENCE = frozenset(
    "sil silence silent sp sl eps p p: pause pau blank blank_audio b_trans e_trans exclude".split()
)
_BARE_NOISES = frozenset({"spn", "nsn"})
# Within brackets that also stand around words, (laughs) or *coughs*.
_NAMES_OF_NOISE = frozenset(
    "laugh laughs laughing laughter chuckle chuckles chuckling giggle giggles noise noises music applause cough coughs "
    "coughing sigh sighs sighing breath breathing inhales exhales gasp gasps sniff sniffs sob sobs sobbing cry cries "
    "crying clapping lipsmack inaudible unintelligible crosstalk".split()
)
_BRACKETED = re.compile(r"<(?P<angle>[^<>]+)>|\[(?P<square>[^\[\]]+)\]|\{(?P<curly>[^{}]+)\}")
_MAYBE_WORDS = re.compile(r"\((?P<round>[^()]+)\)|\*(?P<star>[^*]+)\*|_(?P<line>[^_]+)_")
_TIMED_PAUSE = re.compile(r"\(\s*\d*\.\d*\s*\)")  # (.) and (0.5), as conversation analysts write.
_UNKNOWN_WORDS = frozenset({"unk", "unknown", "oov"})  # Somebody said a word there.


def is_silence(token: str) -> bool:
    """Tells whether a token is a mark of silence, in any case, or holds no word at all.

    Example:
        >>> [is_silence(token) for token in ("<SIL>", "sp", "[silence]", "...", "yes", "++LAUGHTER++")]
        [True, True, True, True, False, False]
    """
    mark = token.strip().lower()
    if mark in SILENCES or mark in _BARE_SILENCES or _TIMED_PAUSE.fullmatch(mark):
        return True
    bracketed = _BRACKETED.fullmatch(mark) or _MAYBE_WORDS.fullmatch(mark)
    return _name_in(bracketed) in _NAMES_OF_SILENCE if bracketed else not normalize_word(token)


def is_filler(token: str) -> bool:
    """Tells whether a token is a noise that an aligner or a transcriber names, and no mark of silence.

    Example:
        >>> [is_filler(token) for token in ("++LAUGHTER++", "[noise]", "spn", "{LG}", "laughter", "<unk>", "<sil>")]
        [True, True, True, True, False, False, False]
    """
    mark = token.strip().lower()
    if is_silence(token):
        return False
    if mark in _BARE_NOISES or (len(mark) > 4 and mark.startswith("++") and mark.endswith("++")):
        return True
    if bracketed := _BRACKETED.fullmatch(mark):
        return _name_in(bracketed) not in _UNKNOWN_WORDS
    perhaps = _MAYBE_WORDS.fullmatch(mark)
    return perhaps is not None and _name_in(perhaps) in _NAMES_OF_NOISE


def _name_in(brackets: re.Match[str]) -> str:
    return brackets[brackets.lastgroup or 0].strip()


def with_marks(tokens: Sequence[Word], marks: Collection[str]) -> tuple[Word, ...]:
    """Returns tokens in which those of some texts, in any case, are silences.

    Example:
        >>> [token.text for token in with_marks([Word("xxx", 0, 1), Word("yes", 1, 2)], ["XXX"])]
        ['<sil>', 'yes']
    """
    silent = {mark.strip().lower() for mark in marks}
    return tuple(
        Word(SILENCE, token.start, token.end)
        if token.text.strip().lower() in silent and not is_silence(token.text)
        else token
        for token in tokens
    )


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
