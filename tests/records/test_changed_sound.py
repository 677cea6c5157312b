"""A build knows its recordings by their bytes."""

import dataclasses
import os

import pytest
import soundfile

from can_tf.alignment.word import Word
from can_tf.errors import RecordsError
from can_tf.records.build import BuildOptions, build_records
from can_tf.records.dataset import load_dataset
from tests.conftest import write_tone
from tests.records.test_build import interrupt


def copied(corpus, folder, seconds=0.5):
    """Returns a corpus of the first four utterances of another, with recordings of its own."""
    utterances = [
        dataclasses.replace(
            utterance,
            audio_path=write_tone(folder / f"{utterance.id}.wav", seconds, hertz=200.0 + index),
            words=(Word("yes", 0.1, 0.4),),
        )
        for index, utterance in enumerate(corpus.utterances[:4])
    ]
    return dataclasses.replace(corpus, utterances=tuple(utterances))


def louder(path):
    samples, rate = soundfile.read(path)
    soundfile.write(path, samples * 0.25, rate)


def other_words_of_the_header(path):
    path.write_bytes(path.read_bytes()[:-1] + b"\x7f")


def swapped(path):
    other = path.with_name("u002.wav")
    first, second = path.read_bytes(), other.read_bytes()
    path.write_bytes(second)
    other.write_bytes(first)


@pytest.mark.parametrize("change", [louder, other_words_of_the_header, swapped])
@pytest.mark.parametrize("finished", [True, False])
def test_recordings_that_changed_and_kept_size_and_time_are_noticed(tmp_path, tone_corpus, change, finished):
    corpus, folder = copied(tone_corpus, tmp_path), tmp_path / "records"
    (build_records if finished else interrupt)(corpus, folder, BuildOptions())
    files = {path: path.stat() for path in tmp_path.glob("*.wav")}
    change(tmp_path / "u001.wav")
    for path, before in files.items():
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert path.stat().st_size == before.st_size
    with pytest.raises(RecordsError, match="with other sound: recordings have changed since.*--overwrite"):
        build_records(corpus, folder, BuildOptions())
    before = load_dataset(folder).fingerprint if finished else ""
    assert build_records(corpus, folder, BuildOptions(), overwrite=True).fingerprint != before


def test_recordings_that_were_moved_or_only_touched_are_the_same(tmp_path, tone_corpus):
    corpus, folder = copied(tone_corpus, tmp_path / "here"), tmp_path / "records"
    build_records(corpus, folder, BuildOptions())
    (tmp_path / "here").rename(tmp_path / "there")
    (tmp_path / "there" / "u001.wav").touch()
    moved = tuple(
        dataclasses.replace(utterance, audio_path=tmp_path / "there" / utterance.audio_path.name)
        for utterance in corpus.utterances
    )
    build_records(dataclasses.replace(corpus, utterances=moved), folder, BuildOptions())
