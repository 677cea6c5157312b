"""`train --from RUN`: what is taken from another run, what is new, and what would deceive."""

import dataclasses
import json
import shutil

import keras
import numpy as np
import pytest

from can_tf.errors import ConfigError, RunError
from can_tf.features.mfcc import Mfcc
from can_tf.models.config import ModelConfig
from can_tf.models.registry import build
from can_tf.records.build import BuildOptions, build_records
from can_tf.training.data import WordVectors, split_of, word_vectors
from can_tf.training.fit import train_fold
from can_tf.training.options import TrainOptions
from can_tf.training.start import Start, check_start, freeze, read_start, take_weights
from tests.cli.test_cli import run

OPTIONS = TrainOptions(units=4, heads=2, epochs=2, batch_size=32, learning_rate=0.02)
SIZES = {"embedding_dim": 3, "units": 2, "heads": 1, "frame_mean": (0.0,) * 2, "frame_variance": (1.0,) * 2}


@pytest.fixture(scope="module")
def first(tmp_path_factory, tone_records):
    """A finished run on `calm` and `loud`."""
    folder = tmp_path_factory.mktemp("first") / "run"
    train_fold(tone_records, folder, OPTIONS)
    return folder


@pytest.fixture(scope="module")
def others(tmp_path_factory, tone_corpus):
    """Records of other utterances, with a label more and a word that the run does not know."""
    utterances = tuple(
        dataclasses.replace(
            utterance,
            id=f"other-{utterance.id}",
            words=tuple(
                dataclasses.replace(word, text={"day": "dusk"}.get(word.text, word.text)) for word in utterance.words
            ),
            label=("shrill", "loud", "calm")[index % 3],
        )
        for index, utterance in enumerate(tone_corpus.utterances)
    )
    corpus = dataclasses.replace(tone_corpus, labels=("shrill", "loud", "calm"), utterances=utterances)
    return build_records(corpus, tmp_path_factory.mktemp("others"), BuildOptions())


def config(*labels, vocabulary=("day", "good")):
    return ModelConfig(labels=labels, vocabulary=vocabulary, **SIZES)


def weights_of(model):
    return {layer.name: layer.get_weights() for layer in model.layers if layer.get_weights()}


def trained_weights(folder):
    return weights_of(keras.models.load_model(folder / "model.keras", compile=False))


def test_layers_take_the_weights_and_outputs_those_of_their_label(tmp_path):
    theirs = build("can", config("calm", "loud"))
    start = Start(tmp_path, theirs, config("calm", "loud"))
    labels = ("shrill", "loud", "calm")
    ours = build("can", config(*labels))
    before = weights_of(ours)
    assert take_weights(start, ours, config(*labels)) == []
    of_start, now = weights_of(theirs), weights_of(ours)
    for name in ("text_blstm", "segment_blstm", "audio_blstm", "cross_attention"):
        for mine, other in zip(now[name], of_start[name], strict=True):
            np.testing.assert_array_equal(mine, other)
    for name in ("fused", "text", "audio"):
        kernel, bias = now[name]
        np.testing.assert_array_equal(kernel[:, [2, 1]], of_start[name][0])
        np.testing.assert_array_equal(bias[[2, 1]], of_start[name][1])
        np.testing.assert_array_equal(kernel[:, 0], before[name][0][:, 0])
    np.testing.assert_array_equal(now["word_vectors"][0], before["word_vectors"][0])


def test_layers_of_another_shape_start_anew(tmp_path):
    start = Start(tmp_path, build("text", config("calm", "loud")), config("calm", "loud"))
    ours = build("can", config("calm", "loud"))
    new = {"segment_blstm", "audio_blstm", "cross_attention", "fused", "text", "audio"}
    assert set(take_weights(start, ours, config("calm", "loud"))) == new


def test_words_keep_their_vectors_and_others_get_new_ones(tone_records):
    matrix = np.arange(12, dtype=np.float32).reshape(4, 3)
    start = WordVectors(("day", "unheard"), matrix, 3, "first")
    options = dataclasses.replace(OPTIONS, glove=None)
    vectors = word_vectors(tone_records, split_of(tone_records, options), options, start=start)
    assert vectors.vocabulary == ("bad", "day", "good", "night", "now", "unheard")
    np.testing.assert_array_equal(vectors.matrix[[0, 1, 3, 7]], matrix)
    assert vectors.matrix[[2, 4, 5, 6]].std(axis=1).min() > 0
    assert vectors.source == "first's and 4 more words"


def test_vectors_of_a_file_are_for_words_that_the_run_lacks(tone_records, tmp_path):
    glove = tmp_path / "glove.txt"
    glove.write_text("day 9 9 9\nnight 7 8 9\n")
    start = WordVectors(("day",), np.zeros((3, 3), np.float32), 3, "first")
    options = dataclasses.replace(OPTIONS, glove=str(glove))
    split = split_of(tone_records, options)
    vectors = word_vectors(tone_records, split, options, start=start)
    by_word = dict(zip(vectors.vocabulary, vectors.matrix[2:], strict=True))
    assert (by_word["day"].tolist(), by_word["night"].tolist()) == ([0, 0, 0], [7, 8, 9])
    four = dataclasses.replace(start, matrix=np.zeros((3, 4), np.float32), dimension=4)
    with pytest.raises(ConfigError, match="glove.txt: has word vectors of 3 dimensions, and first has 4"):
        word_vectors(tone_records, split, options, start=four)


def test_a_training_starts_from_another_corpus_and_other_labels(first, others, tmp_path):
    options = dataclasses.replace(OPTIONS, start=str(first), freeze="encoders", epochs=1)
    events = []
    metrics = train_fold(others, tmp_path / "run", options, events.append)
    assert f"Weights of {first}; new: the outputs of shrill." in [event.line() for event in events]
    assert set(metrics["recall"]) == {"shrill", "loud", "calm"}
    before, after = trained_weights(first), trained_weights(tmp_path / "run")
    for name in ("text_blstm", "segment_blstm", "audio_blstm"):
        for mine, other in zip(after[name], before[name], strict=True):
            np.testing.assert_array_equal(mine, other)
    assert not np.array_equal(after["cross_attention"][0], before["cross_attention"][0])
    theirs, ours = (json.loads((folder / "model.json").read_text()) for folder in (first, tmp_path / "run"))
    assert ours["frame_mean"] == theirs["frame_mean"]
    assert set(ours["vocabulary"]) == set(theirs["vocabulary"]) | {"dusk"}
    word = ours["vocabulary"].index("good") + 2, theirs["vocabulary"].index("good") + 2
    np.testing.assert_array_equal(after["word_vectors"][0][word[0]], before["word_vectors"][0][word[1]])


def test_an_interrupted_training_from_a_run_ends_with_the_same_weights(first, others, tmp_path):
    class StopError(Exception):
        pass

    def stop_in_the_second_epoch(event):
        if event.work == "Epoch 2":
            raise StopError

    options = dataclasses.replace(OPTIONS, start=str(first), freeze="text")
    undisturbed = train_fold(others, tmp_path / "whole", options)
    with pytest.raises(StopError):
        train_fold(others, tmp_path / "run", options, stop_in_the_second_epoch)
    assert train_fold(others, tmp_path / "run", options)["weights_sha256"] == undisturbed["weights_sha256"]
    anew = train_fold(others, tmp_path / "anew", dataclasses.replace(OPTIONS))
    assert anew["weights_sha256"] != undisturbed["weights_sha256"]


def test_a_run_belongs_to_the_model_that_it_started_from(first, others, tmp_path):
    start = tmp_path / "first"
    shutil.copytree(first, start)
    options = dataclasses.replace(OPTIONS, start=str(start), epochs=1)
    metrics = train_fold(others, tmp_path / "run", options)
    shutil.rmtree(start)
    assert train_fold(others, tmp_path / "run", options) == metrics
    start.mkdir()
    (start / "model.keras").write_bytes(b"another")
    with pytest.raises(RunError, match="belongs to a training with another model in"):
        train_fold(others, tmp_path / "run", options)
    with pytest.raises(RunError, match=r"belongs to a training with start .* \(now None\)"):
        train_fold(others, tmp_path / "run", dataclasses.replace(options, start=None))


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"units": 8}, "was trained with --units 4, not 8; give the same"),
        ({"model": "text"}, "was trained with --model can, not text"),
        ({"normalize": "speaker"}, "was trained with --normalize none, not speaker"),
        ({"start": "nowhere"}, "nowhere: is not a run folder"),
        ({"start": None, "freeze": "text"}, "--freeze text keeps weights of another run; expected --from RUN"),
    ],
)
def test_a_run_that_does_not_fit_is_refused_before_anything_is_made(first, others, tmp_path, changes, message):
    options = dataclasses.replace(OPTIONS, **{"start": str(first), **changes})
    with pytest.raises((ConfigError, RunError), match=message):
        train_fold(others, tmp_path / "run", options)
    assert not (tmp_path / "run").exists()


def test_other_features_are_refused(first, tone_corpus, tmp_path):
    few = dataclasses.replace(tone_corpus, utterances=tone_corpus.utterances[:40])
    records = build_records(few, tmp_path / "records", BuildOptions(front_end=Mfcc(mel_bins=20)))
    with pytest.raises(
        ConfigError, match="was trained on mfcc, and .* holds mfcc:mel_bins=20. Build records with --features mfcc."
    ):
        check_start(dataclasses.replace(OPTIONS, start=str(first)), records, records.utterances)


def test_what_has_trained_or_validated_the_run_may_not_test(first, tone_records):
    options = dataclasses.replace(OPTIONS, start=str(first))
    assert check_start(options, tone_records, split_of(tone_records, options).test) == ""
    for fold in (1, 2):  # The first validated.
        test = split_of(tone_records, dataclasses.replace(options, fold=fold)).test
        with pytest.raises(ConfigError, match="was trained or validated on 15 of the 15 utterances that are to test"):
            check_start(options, tone_records, test)


def test_ids_that_the_run_knows_too_are_told(first, tone_records):
    options = dataclasses.replace(OPTIONS, start=str(first))
    rebuilt = dataclasses.replace(tone_records, description={**tone_records.description, "fingerprint": "another"})
    note = check_start(options, rebuilt, split_of(tone_records, dataclasses.replace(options, fold=2)).test)
    assert note.startswith(f"15 of the 15 utterances that test have ids of {first}'s training and validation sets: if")


def test_a_model_that_reads_no_words_has_no_word_vectors(tmp_path):
    assert Start(tmp_path, build("audio", config("calm", "loud")), config("calm", "loud")).word_vectors is None


def test_a_model_without_such_layers_cannot_freeze_them():
    with pytest.raises(ConfigError, match="--freeze audio: the model has no layer segment_blstm or audio_blstm"):
        freeze(build("text", config("calm", "loud")), "audio")


def test_nothing_is_read_where_nothing_is_asked_for():
    assert read_start(OPTIONS) is None


def test_the_command_takes_a_run(first, others, tmp_path):
    arguments = ("train", "--records", others.folder, "--units", 4, "--heads", 2, "--epochs", 1)
    done = run(*arguments, "--from", first, "--freeze", "audio", "--run", tmp_path / "run")
    assert f"Weights of {first}; new: the outputs of shrill." in done.stderr
    assert json.loads((tmp_path / "run" / "config.json").read_text())["options"]["start"] == str(first)
    assert "--from" in run("train", "--help").output
