"""A model that was trained on frames standardized by speaker, asked about a speaker's recordings together and alone."""

import csv
import json

import numpy as np
import pytest
from click.testing import CliRunner

import can_tf
from can_tf.cli.main import main
from can_tf.prediction.many import predict_many
from tests.conftest import write_tone

pytestmark = pytest.mark.long


def run(*arguments):
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run and its export, of two speakers whose recordings lie in a folder each."""
    folder = tmp_path_factory.mktemp("speakers")
    rows = ["id,audio,label,speaker,alignment"]
    for index in range(60):
        speaker, name = ("anna", "ben")[index % 2], f"u{index}"
        write_tone(folder / speaker / f"{name}.wav", 0.6, hertz=150 + 20 * index)
        words = [{"word": "good", "start": 0.0, "end": 0.25}, {"word": "day", "start": 0.25, "end": 0.6}]
        (folder / speaker / f"{name}.json").write_text(json.dumps(words))
        rows.append(f"{name},{speaker}/{name}.wav,{('high', 'low')[index < 30]},{speaker},{speaker}/{name}.json")
    (folder / "corpus.csv").write_text("\n".join(rows))
    records = ("--out", folder / "records", "--workers", 1)
    run("build-records", "--corpus", "manifest", "--root", folder / "corpus.csv", *records)
    small = ("--units", 4, "--heads", 2, "--epochs", 1, "--normalize", "speaker")
    run("train", "--records", folder / "records", *small, "--run", folder / "run")
    run("export", folder / "run", "--out", folder / "model")
    return folder


def test_all_recordings_of_a_speaker_get_the_answers_that_training_gave(folder):
    tested = list(csv.DictReader((folder / "run" / "predictions.csv").read_text().splitlines()))
    expected = {row["id"]: [float(row[f"probability_{label}"]) for label in ("high", "low")] for row in tested}
    seen = set()
    for speaker in ("anna", "ben"):
        answers = json.loads(run("predict", folder / speaker, "--model", folder / "model", "--json").stdout)
        for answer in answers:
            name = answer["path"].split("/")[-1].removesuffix(".wav")
            if name in expected:
                np.testing.assert_allclose(list(answer["probabilities"].values()), expected[name], atol=1e-5)
                seen.add(name)
    assert seen == set(expected)


def test_a_recording_alone_is_its_own_speaker(folder):
    model = can_tf.load(folder / "model")
    paths = sorted((folder / "anna").glob("*.wav"))[:3]
    alone = [model.predict(path, path.with_suffix(".json")) for path in paths]
    one_by_one = [predict_many(model, path)[path] for path in paths]
    together = list(predict_many(model, paths, batch_size=2).values())
    for first, second, third in zip(alone, one_by_one, together, strict=True):
        assert first.probabilities == second.probabilities
        assert first.probabilities != third.probabilities


def test_how_recordings_are_standardized_is_said(folder):
    paths, model = sorted((folder / "anna").glob("*.wav"))[:2], folder / "model"
    one = run("predict", paths[0], "--model", model)
    assert "One recording is standardized by itself" in one.stderr
    two = run("predict", *paths, "--model", model)
    assert "the 2 recordings are taken to be one speaker's" in two.stderr


def test_a_recording_that_cannot_be_used_costs_itself_alone(folder, tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    model = can_tf.load(folder / "model")
    paths = [tmp_path / "a.wav", *sorted((folder / "anna").glob("*.wav"))[:2]]
    answers = list(predict_many(model, paths, lambda path: (path.with_suffix(".json"), None)).values())
    assert [isinstance(answer, can_tf.CanError) for answer in answers] == [True, False, False]
