import itertools
from typing import NamedTuple

import numpy as np
import pytest

from can_tf.alignment.forced import Aligner
from can_tf.alignment.silence import is_silence
from can_tf.alignment.spans import is_filler, share_silence
from can_tf.alignment.transcript import spoken_words
from can_tf.audio import read_audio
from can_tf.corpus.demo import make_demo_corpus
from can_tf.corpus.iemocap import read_iemocap
from can_tf.corpus.labels import LABEL_SETS
from can_tf.errors import AlignmentError
from can_tf.samples import SAMPLE_RATE_HZ
from tests.alignment.conftest import NAMES, speech_of


@pytest.fixture(scope="module")
def aligner():
    return Aligner()


def words_of(tokens):
    return [token for token in tokens if not is_silence(token.text)]


def test_every_word_of_real_speech_is_found_in_order_inside_the_audio(aligner, speech):
    tokens = aligner.align(speech.samples, spoken_words(speech.transcript))
    assert tuple(word.text for word in words_of(tokens)) == spoken_words(speech.transcript)
    assert tokens[0].start == 0.0
    assert tokens[-1].end == pytest.approx(speech.seconds, abs=0.011)
    assert all(left.end <= right.start + 1e-9 for left, right in itertools.pairwise(tokens))
    assert all(token.start < token.end <= speech.seconds for token in tokens)
    assert len(share_silence(tokens)) == len(words_of(tokens))


def test_onsets_are_where_the_sound_begins(aligner):
    speech = speech_of(NAMES[0])  # "he was not", a pause, "an ill disposed young man".
    quarter = SAMPLE_RATE_HZ // 4
    later = np.concatenate([np.zeros(2 * quarter, np.float32), speech.samples, np.zeros(quarter, np.float32)])
    words = spoken_words(speech.transcript)
    before, after = (words_of(aligner.align(samples, words)) for samples in (speech.samples, later))
    shifts = [new.start - old.start for old, new in zip(before, after, strict=True)]
    assert np.median(shifts) == pytest.approx(0.5, abs=0.02)
    assert np.abs(np.array(shifts) - 0.5).max() < 0.1


def test_an_alignment_does_not_depend_on_those_before(aligner):
    first, *others = [speech_of(name) for name in NAMES]
    alone = Aligner().align(first.samples, spoken_words(first.transcript))
    for speech in others:
        aligner.align(speech.samples, spoken_words(speech.transcript))
    assert aligner.align(first.samples, spoken_words(first.transcript)) == alone


def test_words_outside_the_dictionary_are_guessed_or_refused(aligner):
    speech = speech_of(NAMES[0])
    words = ["he", "wozz", *spoken_words(speech.transcript)[2:]]
    found = words_of(aligner.align(speech.samples, words))
    right = words_of(aligner.align(speech.samples, spoken_words(speech.transcript)))
    assert found[1].text == "wozz"
    assert found[1].start == pytest.approx(right[1].start, abs=0.05)
    with pytest.raises(AlignmentError, match="the word 'wozz' is not in the pronouncing dictionary; --oov guess"):
        Aligner(oov="error").align(speech.samples, words)


def test_another_transcript_is_refused(aligner):
    for speech in (speech_of(name) for name in NAMES):
        for other in (speech_of(name) for name in NAMES):
            if other.transcript != speech.transcript:
                with pytest.raises(AlignmentError, match="Is it the transcript of this recording"):
                    aligner.align(speech.samples, spoken_words(other.transcript))


@pytest.mark.parametrize(
    "samples, message",
    [
        (np.zeros(3 * SAMPLE_RATE_HZ, np.float32), "3.00 s long, is silent"),
        (np.zeros(0, np.float32), "0.00 s long, is silent"),
        (np.random.default_rng(0).normal(0, 0.3, 3 * SAMPLE_RATE_HZ).astype(np.float32), "do not fit the recording"),
        (np.random.default_rng(0).normal(0, 0.3, SAMPLE_RATE_HZ // 10).astype(np.float32), "recording of 0.10 s"),
        (np.ones(601 * SAMPLE_RATE_HZ, np.float32), "601 s long; expected at most 600 s"),
    ],
)
def test_what_holds_no_such_speech_is_refused(aligner, samples, message):
    with pytest.raises(AlignmentError, match=message):
        aligner.align(samples, ["he", "was", "not", "an", "ill", "disposed", "young", "man"])


def test_no_words_are_refused(aligner):
    with pytest.raises(AlignmentError, match="holds no words"):
        aligner.align(speech_of(NAMES[0]).samples, [])


class Known(NamedTuple):
    """Synthetic speech, whose words' times are known."""

    samples: np.ndarray
    words: tuple[str, ...]
    starts: np.ndarray


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forced") / "demo"
    make_demo_corpus(folder, utterances=200)
    found = []
    for utterance in read_iemocap(folder, LABEL_SETS["paper7"]).utterances:
        known = [word for word in words_of(utterance.words) if not is_filler(word.text)]
        words = spoken_words(" ".join(word.text for word in known))
        starts = np.array([word.start for word in known])
        found.append(Known(read_audio(utterance.audio_path), words, starts))
    return found


def onsets(aligner, samples, words):
    """Returns the starts of the words, None where they are refused."""
    try:
        return np.array([token.start for token in words_of(aligner.align(samples, words))])
    except AlignmentError:
        return None


@pytest.mark.long
def test_known_onsets_are_found(aligner, synthetic):
    found = [onsets(aligner, known.samples, known.words) for known in synthetic]
    refused = sum(starts is None for starts in found)
    pairs = zip(found, synthetic, strict=True)
    errors = np.concatenate([np.abs(starts - known.starts) for starts, known in pairs if starts is not None])
    print(
        f"onsets of {len(errors)} words: median error {np.median(errors):.3f} s, 95th percentile "
        f"{np.quantile(errors, 0.95):.3f} s; refused {refused} of {len(found)} transcripts"
    )
    assert np.median(errors) <= 0.020
    assert np.quantile(errors, 0.95) <= 0.080
    assert refused <= 0.03 * len(found)


@pytest.mark.long
def test_most_wrong_transcripts_are_refused(aligner, synthetic):
    others = synthetic[7:] + synthetic[:7]
    wrong = [(known, other) for known, other in zip(synthetic, others, strict=True) if known.words != other.words]
    taken = sum(onsets(aligner, known.samples, other.words) is not None for known, other in wrong)
    print(f"wrong transcripts: {taken} of {len(wrong)} taken")
    assert taken <= 0.1 * len(wrong)
