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


def test_a_fold_that_tests_what_it_did_not_train_is_refused(tone_records):
    rows = tuple(dataclasses.replace(row, label=f"of-{row.session}") for row in tone_records.utterances)
    records = dataclasses.replace(tone_records, utterances=rows)
    message = (
        "fold 1 of the session protocol has no utterance to train on with a label of its validation set .'of-s2'.: "
        "none can be right. Take another --protocol, or build records from more utterances or with other labels"
    )
    with pytest.raises(ConfigError, match=message):
        split_of(records, TrainOptions(protocol="session", fold=1))
    assert split_of(records, TrainOptions(fold=1)).labels.test == {f"of-s{number}": 3 for number in range(5)}


def test_an_empty_set_is_refused(tone_records):
    records = dataclasses.replace(tone_records, utterances=tone_records.utterances[:8])
    message = "fold 7 of the paper protocol has an empty validation set: 8 utterances cannot fill three sets"
    with pytest.raises(ConfigError, match=message):
        split_of(records, TrainOptions(fold=7))
