"""How many words have vectors is told."""

import dataclasses

import pytest

from can_tf.errors import ConfigError
from can_tf.training.data import split_of, word_vectors
from can_tf.training.options import TrainOptions


@pytest.mark.parametrize(
    "content, told, warned",
    [
        ("good 1 2\nday 3 4\nelse 5 6\n", ["v.txt: word vectors for 2 of 5 words."], None),
        (
            "GOOD 1 2\nDAY 3 4\n",
            [],
            "v.txt: has word vectors for 0 of 5 words, so that all start random; expected words in",
        ),
        ("bon 1 2\njour 3 4\n", [], "0 of 5 words"),
        ("good\t1\t2\nnow\t3\t4\nnight\t1\t2\nbad\t1\t1\nday\t1\t1\n", ["v.txt: word vectors for 5 of 5 words."], None),
        ("Good 1 2\nnow 3 4 \n", ["v.txt: word vectors for 2 of 5 words."], None),
    ],
)
def test_how_many_words_have_a_vector_is_told(tone_records, tmp_path, caplog, content, told, warned):
    (tmp_path / "v.txt").write_text(content)
    options = dataclasses.replace(TrainOptions(), glove=str(tmp_path / "v.txt"))
    events = []
    word_vectors(tone_records, split_of(tone_records, options), options, events.append)
    assert [event.note for event in events if event.note] == told
    assert (warned in caplog.text) if warned else not caplog.messages


def test_one_label_is_nothing_to_train_on(tone_records):
    same = tuple(dataclasses.replace(row, label="calm") for row in tone_records.utterances)
    with pytest.raises(ConfigError, match="has the label 'calm' alone in its train set: there is nothing to tell"):
        split_of(dataclasses.replace(tone_records, utterances=same), TrainOptions())
