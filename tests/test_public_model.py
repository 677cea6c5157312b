"""`tools/public_model.py`, from small made-up downloads to an export that answers, interrupted between its steps."""

import json
import shutil
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from public_model import recipe as recipe_module
from public_model.main import main
from public_model.recipe import Recipe, make_public_model
from public_model.sources import LABELS

from can_tf.alignment.espeak import Synthesizer
from can_tf.corpus.registry import read_corpus
from can_tf.errors import ConfigError, RunError
from can_tf.features.whisper.front_end import WhisperBase
from can_tf.prediction.predictor import description_of, load
from can_tf.records.build import BuildOptions, build_records
from can_tf.records.dataset import load_dataset
from can_tf.training.cross_validation import read_summary
from can_tf.training.data import split_of
from can_tf.training.fold_runs import Failure
from can_tf.training.metrics import evaluate_predictions
from can_tf.training.predictions import Predictions, write_predictions
from can_tf.training.run_folder import open_run
from tests.spoken_corpora import write_crema_d, write_emodb, write_jl_corpus

SMALL = {"units": 4, "heads": 2, "epochs": 1, "batch_size": 32}


class KilledError(Exception):
    """In place of a kill."""


def killed(*arguments, **options):
    raise KilledError


def pretend(run, jobs, base):
    """Leaves what a training leaves for the estimates, in no time: a constant guess."""
    dataset = load_dataset(run.records)
    tested = split_of(dataset, run.options).test
    true = np.array([dataset.labels.index(row.label) for row in tested])
    guess = np.tile([0.4, 0.3, 0.2, 0.1], (len(tested), 1))
    open_run(run.folder, run.options, dataset)
    write_predictions(run.folder / "predictions.csv", Predictions(tested, guess, {}, true), dataset.labels)
    metrics = {**evaluate_predictions(guess, true, dataset.labels), "synthetic": False}
    (run.folder / "metrics.json").write_text(json.dumps(metrics))


def train(run, jobs, base):
    """Trains what is exported, in this process, which has TensorFlow already, and pretends to train all else."""
    from can_tf.training.fit import train_fold

    if (run.options.protocol, run.options.fold) == ("speaker", 0):
        train_fold(load_dataset(run.records), run.folder, run.options)
    else:
        pretend(run, jobs, base)


TRAIN_APART = "can_tf.training.fold_runs.train_apart"


def command(folder, *names, **more):
    """Types the command for some of the downloads in a folder."""
    (folder / "small.json").write_text(json.dumps({**SMALL, **more.pop("config", {})}))
    options = {"out": folder / "out", "config": folder / "small.json", "folds": 3, "workers": 1, **more}
    typed = [*(f"--{name}={folder / name}" for name in names), *(f"--{key}={value}" for key, value in options.items())]
    return CliRunner().invoke(main, typed)


@pytest.fixture(scope="module")
def downloads(tmp_path_factory):
    folder, synthesizer = tmp_path_factory.mktemp("downloads"), Synthesizer()
    write_crema_d(folder / "crema-d", synthesizer)
    write_jl_corpus(folder / "jl-corpus", synthesizer)
    write_emodb(folder / "emodb")
    return folder


@pytest.fixture(scope="module")
def interrupted(downloads):
    """The command, killed before its second estimate and before its export, and then let go on to its end."""
    estimate, work = recipe_module._estimate, []

    def by_speaker_alone(recipe, dataset, protocol, progress):
        return estimate(recipe, dataset, protocol, progress) if protocol == "speaker" else killed()

    for step, instead in (("_estimate", by_speaker_alone), ("export_run", killed)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(TRAIN_APART, train)
            patch.setattr(recipe_module, step, instead)
            result = command(downloads, "crema-d", "jl-corpus", "emodb")
        assert isinstance(result.exception, KilledError), result.output
        done = [*(downloads / "out").glob("records/shard-*"), *(downloads / "out").glob("runs/*/metrics.json")]
        work.append({path: path.stat().st_mtime_ns for path in done})
    result = command(downloads, "crema-d", "jl-corpus", "emodb")
    assert result.exit_code == 0, result.output
    return downloads / "out", work, result


@pytest.mark.long
def test_what_an_earlier_command_has_done_is_not_done_again(interrupted, downloads, monkeypatch):
    out, (first, second), _ = interrupted
    assert (len(first), len(second)) == (1 + 3, 1 + 3 + 3)  # A shard, and folds by speaker, then by corpus.
    assert first.items() < second.items()
    assert {path: path.stat().st_mtime_ns for path in second} == second
    monkeypatch.setattr(recipe_module, "export_run", killed)
    again = command(downloads, "crema-d", "jl-corpus", "emodb")
    assert again.exit_code == 0, again.output
    assert "1 is exported already." in again.stderr
    quick = CliRunner().invoke(
        main,
        [
            *(f"--{name}={downloads / name}" for name in ("crema-d", "jl-corpus", "emodb")),
            *(f"--out={out}", f"--config={downloads / 'small.json'}", "--folds=3", "--quick", "--json"),
        ],
    )
    assert quick.exit_code == 0, quick.output
    assert json.loads(quick.stdout)["model"] == str(out / "saved_models" / "emotion" / "1")


@pytest.mark.long
def test_the_command_shows_the_estimates_by_corpus(interrupted):
    _, _, result = interrupted
    by_speaker, by_corpus = result.stdout.split("Cross-validation by ")[1:]
    assert by_speaker.startswith("speaker\n")
    assert "over 3 of 3 trainings, test sets" in by_speaker
    assert by_corpus.startswith("corpus\n")
    for name in ("all", "crema-d", "jl-corpus", "emodb"):
        assert f"\n{name} " in by_speaker
        assert f"\n{name} " in by_corpus
    assert "crema-d: 12 utterances of 3 speakers; 4900 were published. Is the download whole?" in result.stderr
    assert "jl-corpus: 12 utterances of 3 speakers.\n" in result.stderr


@pytest.mark.long
def test_the_export_answers(interrupted, downloads):
    out, _, _ = interrupted
    recording = next((downloads / "crema-d" / "AudioWAV").glob("1001_*_ANG_XX.wav"))
    prediction = load(out / "saved_models" / "emotion").predict(recording, [("good", 0.0, 0.3), ("day", 0.3, 0.6)])
    assert prediction.label in ("ang", "hap", "sad", "neu")
    assert sum(prediction.calibrated_probabilities.values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.long
def test_the_card_and_the_notices_go_with_the_export(interrupted):
    out, _, _ = interrupted
    version = out / "saved_models" / "emotion" / "1"
    card = (version / "model_card.md").read_text()
    assert len(load_dataset(out / "records").utterances) == 36
    assert "trained on crema-d, jl-corpus and emodb\n" in card
    for name in ("crema-d", "jl-corpus", "emodb"):
        assert f"| {name} | 3 | 12 | 3 | 3 | 3 | 3 |\n" in card
    assert "**Protocol `speaker`**: speakers put together in 3 folds" in card
    assert "**Protocol `corpus`**: one corpus tests" in card
    for asked in ("ODbL (section 4.3)", "public domain (CC0 1.0)", "whisper-base**, the features: A part of OpenAI's"):
        assert asked in card
    assert "have the temperature" in card
    notices = (version / "NOTICE.txt").read_text()
    assert notices.startswith("Contains information from CREMA-D (https://")
    assert "Copyright (c) 2022 OpenAI" in notices
    published = (version / "assets.extra" / "can_tf.json").read_text()
    assert str(out) not in published + card + notices
    assert [of["options"]["protocol"] for of in description_of(version)["cross_validations"]] == ["speaker", "corpus"]


def export_description(run, out, *, calibrated, cross_validations):
    """Writes of an export what the recipe looks at: whole ones are made above."""
    assert calibrated
    version = out / str(1 + len(list(out.glob("*"))))
    (version / "assets.extra").mkdir(parents=True)
    (version / "saved_model.pb").touch()
    config, metrics = (json.loads((run / f"{name}.json").read_text()) for name in ("config", "metrics"))
    summaries = [read_summary(folder) for folder in cross_validations]
    description = {"labels": ["ang"], "records": config["records"], "metrics": metrics, "cross_validations": summaries}
    (version / "assets.extra" / "can_tf.json").write_text(json.dumps(description))
    return SimpleNamespace(folder=version)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with a small EmoDB, and records in `out`."""
    folder = tmp_path_factory.mktemp("built")
    corpus = read_corpus("emodb", write_emodb(folder / "emodb"), LABELS)
    build_records(corpus, folder / "out" / "records", BuildOptions(front_end=WhisperBase()))
    return folder


@pytest.mark.long
def test_one_corpus_is_enough_and_estimates_may_come_later(built, tmp_path, monkeypatch):
    monkeypatch.setattr(TRAIN_APART, pretend)
    monkeypatch.setattr(recipe_module, "export_run", export_description)
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    quick = make_public_model(Recipe({"emodb": tmp_path / "emodb"}, tmp_path / "out", SMALL, quick=True, workers=1))
    assert quick.run.name == "can-speaker-fold0-seed0"  # Three speakers are a fold each.
    assert quick.summaries == {}
    made = make_public_model(Recipe({"emodb": tmp_path / "emodb"}, tmp_path / "out", SMALL))
    assert (made.run, made.version.name) == (quick.run, "2")
    assert list(made.summaries) == ["speaker"]
    assert made.summaries["speaker"]["done"] == 3
    assert description_of(made.version)["cross_validations"] == [made.summaries["speaker"]]


@pytest.mark.long
def test_a_training_that_fails_ends_it_with_its_reason(built, tmp_path, monkeypatch):
    failure = Failure("it broke", of_machine=True)
    monkeypatch.setattr(TRAIN_APART, lambda run, jobs, base: failure)
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    done = command(tmp_path, "emodb")
    assert done.exit_code == 1
    assert "every training failed. The first: it broke" in done.stderr
    quick = Recipe({"emodb": tmp_path / "emodb"}, tmp_path / "out", SMALL, folds=3, quick=True)
    with pytest.raises(RunError, match="can-speaker-fold0-seed0: failed: it broke. Run the same command again"):
        make_public_model(quick)

    def all_but_one(run, jobs, base):
        return failure if run.options.fold == 1 else pretend(run, jobs, base)

    monkeypatch.setattr(TRAIN_APART, all_but_one)
    assert "can-speaker-fold1-seed0: failed: it broke. Run the same command again" in command(tmp_path, "emodb").stderr
    assert not (tmp_path / "out" / "saved_models").exists()


def test_a_folder_that_is_not_the_corpus_is_told_before_any_work(downloads):
    done = command(downloads, "crema-d", out=downloads / "wrong", **{"jl-corpus": downloads / "emodb"})
    assert done.exit_code == 1
    assert "emodb: has no recording **/*male[12]_*.wav; expected the folder in which the JL corpus" in done.stderr
    assert not (downloads / "wrong").exists()


def test_recordings_that_git_lfs_has_kept_are_told_before_any_work(tmp_path):
    for actor in range(1001, 1004):
        path = tmp_path / "crema-d" / "AudioWAV" / f"{actor}_DFA_ANG_XX.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 77612\n")
    done = command(tmp_path, "crema-d")
    assert done.exit_code == 1
    assert "of 3 recordings of crema-d with a label of four, 3 cannot be opened (the first: " in done.stderr
    assert "git lfs pull" in done.stderr
    assert not (tmp_path / "out").exists()


def test_what_aligns_is_asked_for_before_any_work(downloads, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "num2words", None)
    done = command(downloads, "crema-d", out=tmp_path / "out")
    assert done.exit_code == 1
    assert "Aligning the English transcripts of crema-d needs an optional part" in done.stderr
    assert "can_tf[align]" in done.stderr
    assert not (tmp_path / "out").exists()


def test_two_speakers_are_too_few(tmp_path):
    for path in write_emodb(tmp_path / "emodb").glob("wav/09*.wav"):
        path.unlink()
    done = command(tmp_path, "emodb")
    assert done.exit_code == 1
    assert "here are 2 speakers; expected three or more" in done.stderr


def test_another_model_is_not_begun_in_the_same_folder(tmp_path):
    write_emodb(tmp_path / "emodb")
    (tmp_path / "out").mkdir()
    begun = Recipe({"emodb": tmp_path / "emodb"}, tmp_path / "out", SMALL, folds=3)
    (tmp_path / "out" / "recipe.json").write_text(json.dumps(begun.to_json() | {"folds": 5}))
    assert "out: holds a model of folds 5 (now 3). Give another --out." in command(tmp_path, "emodb").stderr
    (tmp_path / "out" / "recipe.json").write_text("[]")
    assert "recipe.json: is damaged" in command(tmp_path, "emodb").stderr


def test_recipes_that_cannot_be_made(tmp_path):
    assert "there is nothing to train on; expected the folder of one corpus at least" in command(tmp_path).stderr
    with pytest.raises(ConfigError, match="the options seed, glove are not to be set for a public model"):
        Recipe({"emodb": tmp_path}, tmp_path, {"units": 4, "glove": "g.txt", "seed": 1})
    with pytest.raises(ConfigError, match="the model mha cannot be exported: "):
        Recipe({"emodb": tmp_path}, tmp_path, {"model": "mha"})
