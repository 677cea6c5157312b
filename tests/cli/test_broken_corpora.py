"""Each way in which a corpus can be broken gives a row in `rejected.csv` or an error of one line."""

import sys

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from can_tf.cli.main import main
from can_tf.records.dataset import load_dataset
from tests.conftest import write_tone

GOOD = "0 49 -1 GOOD\n"


def truncated(path):
    write_tone(path, 1.0)
    path.write_bytes(path.read_bytes()[:12_000])


def with_nan(path):
    soundfile.write(path, np.r_[np.zeros(8000), np.nan].astype(np.float32), 16_000, subtype="FLOAT")


BROKEN = {  # name: what to write instead of a good recording, the alignment, and the reason expected
    "truncated": (truncated, GOOD, "is cut short: its header promises 32000 bytes"),
    "empty-audio": (lambda path: soundfile.write(path, np.zeros(0), 16_000), GOOD, "holds no samples"),
    "nan": (with_nan, GOOD, "not finite"),
    "not-audio": (lambda path: path.write_text("hello"), GOOD, "cannot be read as audio"),
    "past-the-end": (None, "0 300 -1 LATE\n", "the alignment ends at 3.01 s and the audio at 1.00 s"),
    "overlapping": (None, "0 50 -1 ONE\n20 80 -1 TWO\n", "begins before the token before it ends"),
    "reversed": (None, "60 20 -1 ONE\n", "expected an end after the start"),
    "empty-wdseg": (None, "", "holds no words"),
    "only-silence": (None, "0 49 -1 <sil>\n", "holds only silence"),
    "only-fillers": (None, "0 49 -1 ++LAUGHTER++\n", None),
    "latin-1": (None, "0 49 -1 CAF\u00c9\n", None),
    "stereo-44-khz": (lambda path: write_tone(path, 1.0, rate=44_100, channels=2), GOOD, None),
    "good": (None, GOOD, None),
}


def write_manifest(folder):
    rows = ["id,audio,label,speaker,alignment"]
    for name, (write, alignment, _) in BROKEN.items():
        (write or (lambda path: write_tone(path, 1.0)))(folder / f"{name}.wav")
        (folder / f"{name}.wdseg").write_text(alignment, encoding="latin-1")
        rows.append(f"{name},{name}.wav,calm,anna,{name}.wdseg")
    rows += ["good,good.wav,calm,anna,good.wdseg", "no-file,none.wav,calm,anna,good.wdseg"]
    (folder / "corpus.csv").write_text("\n".join(rows) + "\n")
    return folder / "corpus.csv"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("broken")
    result = CliRunner().invoke(
        main,
        ["build-records", "--corpus", "manifest", "--root", str(write_manifest(folder)), "--out", str(folder / "out")],
    )
    assert result.exit_code == 0, result.output
    return load_dataset(folder / "out")


@pytest.mark.parametrize("name", [name for name, (_, _, reason) in BROKEN.items() if reason])
def test_it_is_rejected_by_name_with_its_reason(dataset, name):
    [row] = [row for row in dataset.rejected() if row["id"] == name]
    assert BROKEN[name][2] in row["reason"]
    assert "\n" not in row["reason"]
    assert name in row["path"] or "corpus.csv" in row["path"]


def test_a_second_of_the_same_id_and_a_missing_recording_are_rejected(dataset):
    reasons = {row["id"]: row["reason"] for row in dataset.rejected()}
    assert "its id occurs twice" in reasons["good"]
    assert "none.wav: there is no such audio file" in reasons["no-file"]


@pytest.mark.parametrize("name", [name for name, (_, _, reason) in BROKEN.items() if not reason])
def test_it_is_unusual_but_usable(dataset, name):
    assert name in [utterance.id for utterance in dataset.utterances]


def test_only_fillers_are_rejected_when_they_are_dropped(tmp_path):
    write_tone(tmp_path / "a.wav", 1.0)
    (tmp_path / "a.wdseg").write_text("0 49 -1 ++LAUGHTER++\n")
    (tmp_path / "m.csv").write_text("id,audio,label,speaker,alignment\na,a.wav,calm,anna,a.wdseg\n")
    result = CliRunner().invoke(
        main,
        ["build-records", "--corpus", "manifest", "--root", str(tmp_path / "m.csv")]
        + ["--out", str(tmp_path / "out"), "--fillers", "drop"],
    )
    assert result.exit_code == 1
    assert (
        "not one utterance can be used; rejected.csv lists them. The first is a: the alignment holds only"
        in result.output
    )


def test_strict_refuses_what_would_be_rejected(tmp_path):
    manifest = write_manifest(tmp_path)
    result = CliRunner().invoke(
        main,
        ["build-records", "--corpus", "manifest", "--root", str(manifest), "--out", str(tmp_path / "out"), "--strict"],
    )
    assert result.exit_code == 1
    assert "utterances cannot be used; rejected.csv lists them" in result.output


@pytest.mark.parametrize(
    "option, value, reason",
    [
        (
            "--max-seconds",
            0.9,
            "is 1 s long at 16000 Hz; expected at most 0.9 s. Cut it at its pauses, or raise --max-s",
        ),
        (
            "--max-words",
            2,
            "has 3 words; expected at most 2 for one utterance. Cut it at its pauses, or raise --max-words",
        ),
    ],
)
@pytest.mark.parametrize("column", ["alignment", "transcript"])
def test_utterances_beyond_a_limit_are_rejected_and_the_others_kept(
    tmp_path, monkeypatch, column, option, value, reason
):
    said = {"long": "one two three", "good": "so good"}
    rows = [f"id,audio,label,speaker,{column}"]
    for name, text in said.items():
        write_tone(tmp_path / f"{name}.wav", 1.0 if name == "long" else 0.8)
        tokens = ["<s>", *text.split(), "</s>"]
        frames = "".join(f"{10 * place} {10 * place + 9} -1 {token}\n" for place, token in enumerate(tokens))
        (tmp_path / f"{name}.wdseg").write_text(frames)
        rows.append(f"{name},{name}.wav,calm,anna,{f'{name}.wdseg' if column == 'alignment' else text}")
    (tmp_path / "m.csv").write_text("\n".join(rows) + "\n")
    built = []
    monkeypatch.setattr(
        "can_tf.records.build.build_records", lambda corpus, *_, **__: built.append(corpus) or sys.exit(0)
    )
    CliRunner().invoke(
        main, ["build-records", "--corpus", "manifest", "--root", str(tmp_path / "m.csv"), option, str(value)]
    )
    [corpus] = built
    assert [utterance.id for utterance in corpus.utterances] == ["good"]
    [rejection] = corpus.rejected
    assert (rejection.id, rejection.path) == ("long", str(tmp_path / "long.wav"))
    assert rejection.reason.startswith(reason)
