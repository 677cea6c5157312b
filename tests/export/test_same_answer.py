"""What was trained is what answers: a run's own predictions, its export's for the files, and explain's."""

import csv
import json

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from scipy import signal

from can_tf.audio import read_audio
from can_tf.cli.main import main
from can_tf.prediction.many import predict_many
from can_tf.prediction.predictor import load

pytestmark = pytest.mark.long

# Suffix, rate, channels and subtype.
KINDS = {
    "stereo-float": (".wav", 48_000, 2, "FLOAT"),
    "mp3": (".mp3", 44_100, 1, None),
    "24-bit": (".wav", 16_000, 1, "PCM_24"),
    "16-bit": (".wav", 16_000, 1, "PCM_16"),
}
LABELS = ("calm", "loud")


def write_kinds(folder, trained, per_kind):
    """Writes synthetic speech in every kind of file, with its words, and a manifest; returns the manifest's path."""
    speech = [utterance for name, utterance in sorted(trained.utterances.items()) if name.startswith("Ses")]
    rows = ["id,audio,label,speaker,session,alignment"]
    for kind, (suffix, rate, channels, subtype) in KINDS.items():
        for index in range(per_kind):
            utterance = speech[index % len(speech)]
            samples = read_audio(utterance.audio_path)
            samples = signal.resample_poly(samples, rate, 16_000) if rate != 16_000 else samples
            stereo = np.stack([samples * (0.9**channel) for channel in range(channels)], axis=1)
            stereo = stereo + 1e-5 * np.random.default_rng(index).normal(size=stereo.shape)  # Off the grid of 16 bits.
            name = f"{kind}-{index:03d}"
            soundfile.write(folder / f"{name}{suffix}", stereo, rate, subtype=subtype)
            words = utterance.audio_path.parents[2] / "ForcedAlignment" / utterance.audio_path.parent.name
            (folder / f"{name}.wdseg").write_text((words / f"{utterance.id}.wdseg").read_text())
            rows.append(f"{name},{name}{suffix},{LABELS[index % 2]},{utterance.speaker},s{index % 3},{name}.wdseg")
    (folder / "corpus.csv").write_text("\n".join(rows) + "\n")
    return folder / "corpus.csv"


@pytest.mark.parametrize("per_kind", [10])
def test_a_recording_of_any_kind_gets_the_answer_that_training_gave(trained, tmp_path, monkeypatch, per_kind):
    monkeypatch.chdir(tmp_path)
    manifest = write_kinds(tmp_path, trained, per_kind)

    def run(*arguments):
        result = CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output

    run("build-records", "--corpus", "manifest", "--root", manifest, "--workers", 1)
    run("train", "--fold", 0, "--protocol", "session", "--units", 6, "--heads", 2, "--epochs", 1, "--run", "run")
    run("export", "run", "--out", "model")
    tested = list(csv.DictReader((tmp_path / "run" / "predictions.csv").read_text().splitlines()))
    paths = [next(path for path in tmp_path.glob(f"{row['id']}.*") if path.suffix != ".wdseg") for row in tested]
    assert {path.name.rpartition("-")[0] for path in paths} == set(KINDS)
    answers = list(predict_many(load("model"), paths).values())
    for row, answer in zip(tested, answers, strict=True):
        expected = [float(row[f"probability_{label}"]) for label in LABELS]
        np.testing.assert_allclose([answer.probabilities[label] for label in LABELS], expected, rtol=0, atol=1e-5)
    run("explain", "run", "--corpus", "manifest", "--root", manifest, "--out", "explained.json", "--count", len(tested))
    groups = json.loads((tmp_path / "explained.json").read_text())
    explained = {entry["name"]: entry["probabilities"] for group in groups for entry in group["explanations"]}
    assert set(explained) == {row["id"] for row in tested}
    for row in tested:
        expected = [float(row[f"probability_{label}"]) for label in LABELS]
        np.testing.assert_allclose([explained[row["id"]][label] for label in LABELS], expected, rtol=0, atol=1e-5)
