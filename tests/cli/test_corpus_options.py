"""What a list or its word timings do not say of themselves, as options of the commands."""

import re
import sys

import pytest
from click.testing import CliRunner

from can_tf.alignment.silence import without_silence
from can_tf.cli.main import main
from tests.conftest import write_tone


@pytest.fixture
def folder(tmp_path):
    write_tone(tmp_path / "a.wav", 2.0)
    (tmp_path / "a.ctm").write_text("u1 A 0.2 0.5 well\nu1 A 0.7 0.4 xxx\nu1 B 0.8 0.3 yes\nu1 A 1.3 0.5 away\n")
    (tmp_path / "m.csv").write_text("id;audio;emotion;speaker;alignment\nu1;a.wav;happy;anna;a.ctm\n")
    return tmp_path


@pytest.fixture
def built(monkeypatch):
    corpora = []
    monkeypatch.setattr(
        "can_tf.records.build.build_records", lambda corpus, *_, **__: corpora.append(corpus) or sys.exit(0)
    )
    return corpora


def build(folder, *more):
    command = ["build-records", "--corpus", "manifest", "--root", str(folder / "m.csv"), "--out", str(folder / "r")]
    return CliRunner().invoke(main, [*command, *more])


def test_a_list_with_names_of_its_own_and_an_alignment_with_channels(folder, built):
    done = build(folder, "--column", "label=emotion", "--tier", "A", "--silence", "XXX")
    [corpus] = built
    [utterance] = corpus.utterances
    assert (utterance.label, [word.text for word in without_silence(utterance.words)]) == ("happy", ["well", "away"])
    assert done.stderr.splitlines() == [
        f"Note: {folder / 'm.csv'}: its columns are separated by semicolons",
        "Note: manifest: one utterance alone has the label 'happy'",
    ]


@pytest.mark.parametrize(
    "more, code, message",
    [
        ([], 1, "m.csv: lacks the columns label; expected .* Perhaps: --column label=emotion"),
        (["--column", "label"], 2, "expected COLUMN=NAME, such as label=emotion, got 'label'"),
        (["--column", "label="], 2, "expected COLUMN=NAME"),
        (["--column", "label=mood"], 1, "has no column 'mood' for label; it has id, audio, emotion"),
    ],
)
def test_names_of_columns_that_do_not_fit(folder, built, more, code, message):
    done = build(folder, *more)
    assert done.exit_code == code
    assert re.search(message, " ".join(done.stderr.split()))


def test_options_of_a_list_with_another_corpus_are_refused(folder):
    done = CliRunner().invoke(main, ["build-records", "--root", str(folder), "--tier", "A"])
    assert done.exit_code == 1
    assert (
        "--column, --tier and --silence belong to a corpus of one's own; expected --corpus kaldi, lhotse, audformat, "
        "audio-folder, several, manifest" in done.stderr
    )


def test_align_reads_a_list_with_names_of_its_own(folder, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "can_tf.cli.commands.align.align_recordings", lambda paths, *_, **__: asked.append(paths) or sys.exit(0)
    )
    (folder / "m.csv").write_text("file\tEmotion\tspeaker\ttext\na.wav\thappy\tanna\tso good\n")
    named = [
        f"--column={ours}={theirs}" for ours, theirs in [("id", "file"), ("audio", "file"), ("transcript", "text")]
    ]
    done = CliRunner().invoke(main, ["align", "--manifest", str(folder / "m.csv"), *named, "--column", "label=Emotion"])
    assert (done.exit_code, asked) == (0, [[folder / "a.wav"]]), done.output
