"""`can-tf explain` as it is typed, of recordings and of a run."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import can_tf
from can_tf.checksums import checksums_of, read_checksums, write_checksums
from can_tf.cli.main import main
from can_tf.export.write import Exported
from tests.conftest import without_checksums, write_tone
from tests.trained import Trained

pytestmark = pytest.mark.long

ALIGNMENT = [{"word": "good", "start": 0.0, "end": 0.5}, {"word": "day", "start": 0.5, "end": 1.0}]


def run(*arguments: object):
    return CliRunner().invoke(main, ["explain", *map(str, arguments)])


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    for name in "ab":
        write_tone(tmp_path / "audio" / f"{name}.wav", 1.0, hertz=200 + 50 * ord(name))
        (tmp_path / "audio" / f"{name}.json").write_text(json.dumps(ALIGNMENT))
    return tmp_path / "audio"


def test_the_data_are_what_the_model_says(exported: Exported, recordings: Path, tmp_path: Path):
    done = run(recordings, "--model", exported.folder, "--out", tmp_path / "a.json", "--json")
    assert done.exit_code == 0, done.output
    [group] = json.loads(done.stdout)
    assert json.loads((tmp_path / "a.json").read_text()) == [group]
    model = can_tf.load(exported.folder)
    for data, name in zip(group["explanations"], ("a.wav", "b.wav"), strict=True):
        expected = model.predict(recordings / name, recordings / f"{Path(name).stem}.json")
        assert (data["name"], data["label"], data["true"]) == (name, expected.label, None)
        assert data["fused_probabilities"] == pytest.approx(expected.fused_probabilities, abs=1e-6)
        for kind in ("text", "audio"):
            shown = [word[f"{kind}_attention_by_head"] for word in data["words"]]
            np.testing.assert_allclose(np.transpose(shown), getattr(expected, f"{kind}_attention"), atol=2e-6)


@pytest.mark.parametrize("suffix,holds", [(".html", b'"good"'), (".png", b"\x89PNG")])
def test_a_recording_is_a_page_or_a_figure(
    exported: Exported, recordings: Path, tmp_path: Path, suffix: str, holds: bytes
):
    out = tmp_path / f"x{suffix}"
    done = run(recordings / "a.wav", "--model", exported.folder, "--out", out)
    assert done.exit_code == 0, done.output
    assert holds in out.read_bytes()
    assert f"{out}: 1 explained" in done.output


def test_recordings_that_fail_are_told_and_the_others_are_on_the_page(exported: Exported, recordings: Path):
    (recordings / "a.json").write_text("[]")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(recordings)
        done = run(".", "--model", exported.folder)
    assert done.exit_code == 1
    assert "Error: " in done.output
    assert "a.json" in done.output
    assert "explanation.html: 1 explained" in done.output
    assert (recordings / "explanation.html").exists()


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (["--out", "x.gif"], "expected a name that ends in .html, .json for 2 recordings"),
        (["--out", "x.png"], "expected a name that ends in .html, .json for 2 recordings"),
        (["--out", "a.json"], "is where a recording's alignment would be looked for"),
        (["--out", "a.JSON"], "is where a recording's alignment would be looked for"),
        (["--count", "2"], "--count belongs to a run; recordings were given"),
    ],
)
def test_what_cannot_be_is_said_before_the_work(recordings: Path, arguments: list[str], expected: str):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(recordings)
        done = run("a.wav", "b.wav", "--model", "none", *arguments)
    assert done.exit_code == 1
    assert expected in done.output
    assert json.loads((recordings / "a.json").read_text()) == ALIGNMENT


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (["--out", "x.png"], "expected a name that ends in .html, .json for the test utterances of a run"),
        (["--model", "x"], "--model belongs to recordings; a run was given"),
    ],
)
def test_what_a_gallery_cannot_be_is_said_before_the_work(plain: Path, arguments: list[str], expected: str):
    done = run(plain, "--root", "none", *arguments)
    assert done.exit_code == 1
    assert expected in done.output


def test_a_run_that_is_not_finished_is_refused_before_a_corpus_is_made(plain: Path, tmp_path: Path):
    (tmp_path / "run").mkdir()
    shutil.copy(plain / "config.json", tmp_path / "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        done = run("run")
    assert done.exit_code == 1
    assert "finish" in done.output
    assert not (tmp_path / "data").exists()


def test_a_long_recording_is_refused(exported: Exported, recordings: Path, tmp_path: Path):
    done = run(recordings / "a.wav", "--model", exported.folder, "--out", tmp_path / "x.html", "--max-seconds", "0.5")
    assert done.exit_code == 1
    assert "is 1 s long" in done.output
    assert not (tmp_path / "x.html").exists()


@pytest.fixture(scope="module")
def manifest(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus of the run as a manifest."""
    folder = tmp_path_factory.mktemp("manifest")
    rows = ["id,audio,label,speaker,alignment"]
    for utterance in trained.utterances.values():
        words = [{"word": word.text, "start": word.start, "end": word.end} for word in utterance.words]
        (folder / f"{utterance.id}.json").write_text(json.dumps(words))
        rows.append(f"{utterance.id},{utterance.audio_path},{utterance.label},x,{utterance.id}.json")
    (folder / "corpus.csv").write_text("\n".join(rows))
    return folder / "corpus.csv"


def _demo(trained: Trained) -> Path:
    return trained.run.parent / "demo"


@pytest.fixture(scope="module")
def plain(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run, and its predictions without the utterances that are not of the demo corpus."""
    run = tmp_path_factory.mktemp("plain") / "run"
    shutil.copytree(trained.run, run)
    lines = (run / "predictions.csv").read_text().splitlines()
    kept = [line for line in lines if line.split(",")[0] not in ("short", "long", "many", "beyond")]
    (run / "predictions.csv").write_text("\n".join(kept) + "\n")
    write_checksums(run, checksums_of(run, read_checksums(run)))
    return run


def test_a_run_is_a_gallery_of_its_test_utterances(trained: Trained, plain: Path, tmp_path: Path):
    done = run(plain, "--root", _demo(trained), "--count", "2", "--json", "--out", tmp_path / "gallery.html")
    assert done.exit_code == 0, done.output
    groups = json.loads(done.stdout)
    assert [group["title"] for group in groups] == [
        "Most confident: the largest final probability",
        "Most wrong: the largest lead of a wrong label over the true one",
        "Most divided: text alone against audio alone",
    ]
    rows = [line.split(",") for line in (plain / "predictions.csv").read_text().splitlines()]
    columns = [index for index, name in enumerate(rows[0]) if name.startswith("probability_")]
    surest = max(rows[1:], key=lambda row: max(float(row[index]) for index in columns))
    first = groups[0]["explanations"][0]
    assert (first["name"], first["true"]) == tuple(surest[:2])
    assert list(first["probabilities"].values()) == pytest.approx([float(surest[index]) for index in columns], abs=1e-4)
    wrong = groups[1]["explanations"]
    assert wrong
    assert all(each["label"] != each["true"] for each in wrong)
    assert "synthetic speech" in (tmp_path / "gallery.html").read_text()


def test_a_gallery_of_another_corpus_is_refused(trained: Trained, plain: Path, tmp_path: Path):
    other = tmp_path / "other"
    shutil.copytree(_demo(trained), other)
    for path in other.rglob("sentences/wav/*/*.wav"):
        write_tone(path, 12.0)
    done = run(plain, "--root", other, "--count", "1")
    assert done.exit_code == 1
    assert "is not what the run was tested on" in done.output


def test_a_gallery_of_an_unknown_corpus_names_what_is_missing(trained: Trained, plain: Path, manifest: Path):
    text = manifest.read_text().splitlines()
    names = {line.split(",")[0] for line in (plain / "predictions.csv").read_text().splitlines()}
    manifest.with_name("short.csv").write_text(
        "\n".join(line for line in text if line.split(",")[0] not in names - {"id"})
    )
    done = run(plain, "--corpus", "manifest", "--root", manifest.with_name("short.csv"))
    assert done.exit_code == 1
    assert "is not in the corpus given" in done.output


def test_a_run_of_real_speech_needs_its_corpus(plain: Path, tmp_path: Path):
    shutil.copytree(plain, tmp_path / "run")
    config = json.loads((plain / "config.json").read_text())
    config["records"]["corpus"] = {"name": "iemocap", "synthetic": False}
    (tmp_path / "run" / "config.json").write_text(json.dumps(config))
    without_checksums(tmp_path / "run")
    done = run(tmp_path / "run")
    assert done.exit_code == 1
    assert "give the corpus of its records: --root, the folder IEMOCAP_full_release" in done.output
