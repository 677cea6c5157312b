"""The same recordings are the same utterances, whichever tool's layout they come in."""

import dataclasses

import numpy as np
import pytest

from can_tf.corpus.registry import read_corpus
from can_tf.records.build import build_records
from can_tf.records.pipeline import read_examples
from can_tf.records.schema import parse
from tests.corpus.written import TAKES, WRITERS, write_manifest, write_recordings


@pytest.fixture
def recordings(tmp_path):
    write_recordings(tmp_path)
    return tmp_path


def told(corpus):
    """Returns what a corpus says of each recording; ids are the layouts' own."""
    return {each.audio_path.name: dataclasses.replace(each, id="") for each in corpus.utterances}


@pytest.mark.parametrize("name", WRITERS)
def test_a_layout_gives_what_the_manifest_gives(recordings, name):
    expected = read_corpus("manifest", write_manifest(recordings))
    corpus = read_corpus(name.split(",")[0], WRITERS[name](recordings))
    assert (corpus.labels, corpus.rejected, corpus.notes) == (("calm", "traurig", "very angry"), (), ())
    assert told(corpus) == told(expected)
    assert len(corpus.utterances) == len({each.id for each in corpus.utterances}) == len(TAKES)
    assert corpus == read_corpus(name.split(",")[0], recordings)


@pytest.mark.parametrize("name", [name for name in WRITERS if name != "lhotse, cuts"])
def test_records_hold_the_same_frames(recordings, name):
    frames = []
    for corpus in (
        read_corpus("manifest", write_manifest(recordings)),
        read_corpus(name, WRITERS[name](recordings)),
    ):
        timed = tuple(each for each in corpus.utterances if each.words)[:3]
        data = build_records(dataclasses.replace(corpus, utterances=timed), recordings / "records" / corpus.name)
        frames.append(parse(read_examples(data, data.utterances), 40)["frames"].flat_values.numpy())
    assert frames[0].size
    np.testing.assert_array_equal(*frames)
