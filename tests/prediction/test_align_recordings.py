"""Aligning recordings from Python."""

import sys

import pytest

from can_tf.alignment.forced import Aligner
from can_tf.alignment.transcript import spoken_words
from can_tf.alignment.word import Word
from can_tf.errors import AlignmentError, AudioError, MissingExtraError
from can_tf.prediction.align import AlignedRecording, align_recordings
from can_tf.prediction.words import WordFinder
from tests.alignment.conftest import FOLDER, NAMES, speech_of

PATHS = [FOLDER / f"{name}.flac" for name in NAMES[:2]]


def test_answers_and_errors_come_in_the_order_of_the_recordings(tmp_path):
    missing = tmp_path / "missing.flac"
    said = {path: path.with_suffix(".txt").read_text() for path in PATHS} | {missing: "yes"}
    done = []
    answers = align_recordings(
        [PATHS[1], missing, PATHS[0], FOLDER / f"{NAMES[2]}.flac"],
        said.get,
        progress=lambda event: done.append((event.done, event.total)),
    )
    assert [type(answer) for answer in answers] == [AlignedRecording, AudioError, AlignedRecording, AlignmentError]
    assert f"{NAMES[2]}.flac: has no transcript" in str(answers[3])
    for answer, path in ((answers[0], PATHS[1]), (answers[2], PATHS[0])):
        assert answer.path == path
        assert tuple(word.text for word in answer.words) == spoken_words(said[path])
        assert answer.seconds == speech_of(path.stem).seconds
        assert len(answer.tokens) > len(answer.words)  # Silences too.
    assert done == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]


def test_without_transcripts_words_are_recognized():
    [answer] = align_recordings(PATHS[:1])
    assert "young" in [word.text for word in answer.words]


def test_an_error_of_the_transcripts_is_the_recordings(tmp_path):
    def transcript_of(path):
        raise AlignmentError(f"{path.name}: nobody listened")

    [error] = align_recordings(PATHS[:1], transcript_of)
    assert str(error) == f"{PATHS[0].name}: nobody listened"


def test_limits_are_those_given():
    [long] = align_recordings(PATHS[:1], lambda path: "yes no", max_seconds=1)
    [wordy] = align_recordings(PATHS[:1], lambda path: "yes no", max_words=1)
    assert "expected at most 1 s" in str(long)
    assert "the transcript has 2 words; expected at most 1" in str(wordy)


def test_a_missing_library_stops_all(monkeypatch):
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with pytest.raises(MissingExtraError):
        align_recordings(PATHS, lambda path: "yes")


def test_words_are_kept_by_what_decides_them(tmp_path, monkeypatch):
    said = {path: path.with_suffix(".txt").read_text() for path in PATHS}
    first = align_recordings(PATHS, said.get, kept=tmp_path)
    assert len(list(tmp_path.iterdir())) == len(PATHS)
    monkeypatch.setattr(Aligner, "align", lambda *arguments: pytest.fail("aligned again"))
    assert align_recordings(PATHS, said.get, kept=tmp_path) == first
    monkeypatch.setattr(Aligner, "align", lambda self, samples, words: first[0].tokens)
    align_recordings(PATHS, said.get, oov="error", kept=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2 * len(PATHS)


def test_words_of_a_recognizer_that_nobody_knows_are_not_kept(tmp_path):
    class Same:
        def recognize(self, samples):
            return (Word("yes", 0.0, 1.0),)

    [answer] = align_recordings(PATHS[:1], word_finder=WordFinder(Same()), kept=tmp_path)
    assert answer.tokens == (Word("yes", 0.0, 1.0),)
    assert not list(tmp_path.iterdir())
