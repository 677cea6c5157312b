"""The commands as a user types them."""

import json
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

import can_tf
from can_tf.cli.main import main
from can_tf.json_shapes import count, mismatch, positive
from can_tf.records.dataset import load_dataset

SMALL_TRAINING = ["--units", "4", "--heads", "2", "--epochs", "2", "--batch-size", "32"]
PITFALLS = [{"kind": str, "what": str, "effect": str, "advice": str, "labels": [str]}]
EXPECTED = {"utterances": count, "wa": positive, "ua": positive}
HALF_WIDTHS = {"share": float, "fold": EXPECTED, "all": EXPECTED}
COMMANDS = ("demo-corpus", "build-records", "inspect", "train", "evaluate")


def run(*arguments, code=0):
    """Runs a command in this process; returns its result, and fails on another exit code or a traceback."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def test_help_does_not_import_tensorflow():
    code = (
        "import sys; from can_tf.cli.main import main; main(['--help'], standalone_mode=False);"
        "heavy = {'tensorflow', 'keras', 'keras_tuner', 'sklearn', 'scipy', 'matplotlib', 'dask', 'distributed'};"
        "heavy &= set(sys.modules);"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all(command in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_option_has_a_help_text_and_its_default(command):
    for parameter in main.commands[command].params:
        if parameter.param_type_name == "option":
            assert parameter.help, parameter.name
    text = run(command, "--help").output
    shown = {
        "demo-corpus": "1400",
        "build-records": "0.1",
        "inspect": "data/records",
        "train": "paper",
        "evaluate": "RUN",
    }
    assert shown[command] in text


@pytest.mark.long
def test_the_two_commands_of_the_readme_work_one_after_the_other_in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    built = run("build-records", "--utterances", 150)
    assert "No --root given: making a demo corpus of synthetic speech in data/demo-150-seed0" in built.stderr
    assert "data/records: 150 utterances in 3 shards." in built.stdout
    again = run("build-records", "--utterances", 150)
    assert "using the synthetic demo corpus in data/demo-150-seed0" in again.stderr
    assert load_dataset(tmp_path / "data/records").description["corpus"] == {"name": "demo", "synthetic": True}
    for corpus in (["demo", "--utterances", 150], ["demo", "--root", "data/demo-150-seed0"]):
        assert "150 utterances in 3 shards." in run("build-records", "--corpus", *corpus).stdout
    assert "150 utterances" in run("build-records", "--root", "data/demo-150-seed0/IEMOCAP_full_release").stdout
    trained = run("train", "--fold", 0, *SMALL_TRAINING)
    assert "test set, 15 utterances of synthetic speech" in trained.stdout
    for row in ("final, Eq. 15 (alpha 0.1)", "text head alone", "TF-IDF words", "the commonest label"):
        assert row in trained.stdout
    assert "Training: 2 of at most 2 epochs: loss" in trained.stderr
    shown = json.loads(run("evaluate", "runs/can-paper-fold0-seed0", "--json").stdout)
    assert shown.pop("calibration")["validation_count"] == 15
    assert shown == json.loads((tmp_path / "runs/can-paper-fold0-seed0/metrics.json").read_text())
    written = run("evaluate", "runs/can-paper-fold0-seed0").stdout.split("\n")[-6:-1]
    assert written[-1] == "runs/can-paper-fold0-seed0/report.html"
    assert all((tmp_path / path).stat().st_size > 1000 for path in written)
    assert "whole" in run("verify", "runs").stdout


def test_inspect_shows_counts_durations_and_as_json_all_of_it(tone_records):
    text = run("inspect", tone_records.folder, "--verify").output
    assert "Synthetic speech" in text
    assert "seconds" in text
    summary = json.loads(run("inspect", tone_records.folder, "--json").output)
    assert summary["counts"] == {"calm": 75, "loud": 75}
    assert summary["utterances"] == 150
    assert mismatch(summary["pitfalls"], PITFALLS) is None
    assert mismatch(summary["half_widths"], HALF_WIDTHS) is None
    assert [pitfall["kind"] for pitfall in summary["pitfalls"]] == ["same-sentence", "wide-interval"]
    [*_, title, first, second] = text.rstrip().splitlines()
    assert title == "What to watch out for:"
    assert first.startswith("- 150 of 150 utterances have the very words of another.")
    assert second.startswith("- A random fold tests about 15 utterances. A WA of 0.70 is known to ± 0.23 there")
    assert summary["distributions"]["words"]["largest"] == 4
    # 38 of one word, 38 of two, 37 of three, 37 of four, each 0.2 s a word and 0.1 s.
    assert summary["distributions"]["seconds"]["all"] == pytest.approx(0.2 * (38 + 76 + 111 + 148) + 15, abs=0.1)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["build-records", "--root", "nowhere"], "nowhere: there is no such folder"),
        (["build-records", "--root", "."], "is not an IEMOCAP release"),
        (
            ["build-records", "--corpus", "manifest"],
            "--corpus manifest needs --root: the manifest file, CSV",
        ),
        (["build-records", "--corpus", "iemocap"], "--corpus iemocap needs --root: the folder IEMOCAP_full_release"),
        (["build-records", "--corpus", "demo", "--root", "nowhere"], "nowhere: there is no such folder"),
        (["build-records", "--corpus", "manifest", "--root", "no.csv"], "no.csv: cannot be read"),
        (["inspect", "nowhere"], "nowhere: holds no finished records"),
        (["train", "--records", "nowhere"], "nowhere: holds no finished records"),
        (["evaluate", "nowhere"], "nowhere: is not a run folder"),
        (["train", "--config", "no.json"], "no.json: cannot be read as JSON"),
    ],
)
def test_errors_are_one_line_with_exit_code_1(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments, code=1)
    assert result.output.startswith("Error: ")
    assert result.output.count("\n") == 1
    assert message in result.output


def test_wrong_usage_is_exit_code_2():
    run("train", "--heads", "many", code=2)
    run("build-records", "--segmentation", "sliced", code=2)


def test_train_refuses_what_does_not_fit_the_records(tone_records, tmp_path):
    arguments = ["train", "--records", tone_records.folder, "--run", tmp_path / "run"]
    assert "fold 12 does not exist" in run(*arguments, "--fold", 12, code=1).output
    assert "no.txt: there is no such file of word vectors" in run(*arguments, "--glove", "no.txt", code=1).output
    bad = tmp_path / "bad.txt"
    bad.write_text("good 1 2 3\nbad 1 2\n")
    assert "bad.txt:2: expected a word and 3 numbers" in run(*arguments, "--glove", bad, code=1).output


def test_options_typed_win_over_those_of_a_config_file(tone_records, tmp_path, monkeypatch):
    seen = {}

    def remember(dataset, folder, options, *_, **__):
        seen["options"] = options
        raise KeyboardInterrupt

    monkeypatch.setattr("can_tf.training.fit.train_fold", remember)
    config = tmp_path / "best.json"
    config.write_text('{"alpha": 0.5, "heads": 2}')
    run("train", "--records", tone_records.folder, "--config", config, "--heads", 4, code=1)
    assert (seen["options"].alpha, seen["options"].heads, seen["options"].units) == (0.5, 4, 128)


def test_a_full_disk_is_one_line(tone_records, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device", "data/records/x")

    monkeypatch.setattr("can_tf.training.fit.train_fold", full)
    result = run("train", "--records", tone_records.folder, "--run", tmp_path / "run", code=1)
    assert "Error: data/records/x: No space left on device" in result.output


def test_the_records_of_a_corpus_of_ones_own(tmp_path, tone_corpus):
    rows = ["id,audio,label,speaker,session,scenario,alignment"]
    for utterance in tone_corpus.utterances[:10]:
        words = [{"word": word.text, "start": word.start, "end": word.end} for word in utterance.words]
        (tmp_path / f"{utterance.id}.json").write_text(json.dumps(words))
        rows.append(f"{utterance.id},{utterance.audio_path},{utterance.label},anna,,,{utterance.id}.json")
    (tmp_path / "corpus.csv").write_text("\n".join(rows) + "\n")
    built = run(
        "build-records", "--corpus", "manifest", "--root", tmp_path / "corpus.csv", "--out", tmp_path / "records"
    )
    shown = run("inspect", tmp_path / "records").stdout.partition("What to watch out for:\n")[2].splitlines()
    assert [line.split()[1:4] for line in shown] == [
        ["Labels", "of", "fewer"],
        ["The", "speaker", "protocol"],
        ["A", "random", "fold"],
    ]
    told = f"3 things to watch out for in these records: can-tf inspect {tmp_path / 'records'}"
    assert built.stderr.splitlines()[-1] == told
    dataset = load_dataset(tmp_path / "records")
    assert [utterance.id for utterance in dataset.utterances] == [u.id for u in tone_corpus.utterances[:10]]
    assert not dataset.synthetic


def test_the_version_tells_what_it_computes_with():
    done = CliRunner().invoke(main, ["--version"])
    assert done.exit_code == 0
    assert re.fullmatch(
        rf"can-tf {can_tf.__version__} \(python \d.*, tensorflow \d.*, keras \d.*, numpy \d.*\)\n", done.output
    )
