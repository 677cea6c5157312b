"""Utterances that are too large to be worked on at once, told by their words and by the headers of their recordings."""

import dataclasses

from can_tf.alignment.silence import is_silence
from can_tf.audio import read_header
from can_tf.corpus.utterance import Corpus, Rejection, Utterance
from can_tf.errors import AudioError, CorpusError
from can_tf.limits import Limits, length_fault, words_fault


def reject_oversized(corpus: Corpus, limits: Limits) -> Corpus:
    """Returns a corpus in which utterances beyond the limits are rejected. No samples are read.

    Example:
        >>> from pathlib import Path
        >>> utterance = Utterance("u1", Path("u1.wav"), (), "calm", "anna", transcript="yes and no")
        >>> corpus = Corpus("manifest", ("calm",), (utterance,), rejected=(), excluded={})
        >>> [rejection.id for rejection in reject_oversized(corpus, Limits(words=2)).rejected]
        ['u1']
    """
    usable: list[Utterance] = []
    rejected = list(corpus.rejected)
    for utterance in corpus.utterances:
        reason = _fault(utterance, limits)
        if reason is None:
            usable.append(utterance)
        else:
            rejected.append(Rejection(utterance.id, reason, str(utterance.audio_path)))
    rejected.sort(key=lambda rejection: rejection.id)
    return dataclasses.replace(corpus, utterances=tuple(usable), rejected=tuple(rejected))


def _fault(utterance: Utterance, limits: Limits) -> str | None:
    words = [token.text for token in utterance.words if not is_silence(token.text)] or utterance.transcript.split()
    if fault := words_fault(len(words), limits.words):
        return str(CorpusError(**fault._asdict()))
    try:
        header = read_header(utterance.audio_path)
    except AudioError:
        return None  # Whoever reads the recording says what is wrong with it.
    fault = length_fault(*header, limits.seconds)
    return str(AudioError(**fault._asdict())) if fault else None
