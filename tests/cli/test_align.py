"""`can-tf align` as it is typed."""

import json
import shutil

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from can_tf.alignment.forced import Aligner
from can_tf.alignment.formats import FORMATS, read_alignment
from can_tf.alignment.silence import without_silence
from can_tf.cli.main import main
from tests.alignment.conftest import FOLDER, NAMES

SAID = "He was not an ill-disposed young man:"
WORDS = SAID.lower().replace("-", " ").rstrip(":").split()


def run(*arguments):
    return CliRunner().invoke(main, ["align", *map(str, arguments)])


@pytest.fixture
def talk(tmp_path):
    """A recording with nothing beside it."""
    shutil.copy(FOLDER / f"{NAMES[0]}.flac", tmp_path / "talk.flac")
    return tmp_path / "talk.flac"


def test_a_table_has_the_words_with_their_times(talk):
    done = run(talk, "--transcript", SAID)
    assert done.exit_code == 0, done.output
    heading, _, *rows = [line.split() for line in done.stdout.splitlines()]
    assert heading == ["talk", "start", "end"]
    assert [row[0] for row in rows] == WORDS
    assert all(0 <= float(start) < float(end) < 3 for _, start, end in rows)


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_is_written_and_read(talk, format_):
    out = talk.with_suffix(FORMATS[format_].suffixes[0])
    done = run(talk, "--transcript", SAID, "--format", format_, "--out", out)
    assert done.exit_code == 0, done.output
    assert done.stdout == ""
    assert [word.text for word in without_silence(read_alignment(out))] == WORDS
    assert run(talk, "--transcript", SAID, "--format", format_).stdout == out.read_text()


def test_a_folder_goes_to_a_folder_and_one_failure_does_not_stop_the_others(tmp_path):
    shutil.copytree(FOLDER, tmp_path / "in")
    (tmp_path / "in" / f"{NAMES[1]}.txt").write_text("not what is said")
    (tmp_path / "in" / f"{NAMES[2]}.txt").rename(tmp_path / "in" / f"{NAMES[2]}.lab")
    done = run(tmp_path / "in", "--out", tmp_path / "out", "--format", "textgrid", "--json")
    assert done.exit_code == 1
    assert {path.name for path in (tmp_path / "out").iterdir()} == {f"{NAMES[0]}.TextGrid", f"{NAMES[2]}.TextGrid"}
    good, bad, other = json.loads(done.stdout)
    assert [word["word"] for word in good["words"]] == WORDS
    assert "Is it the transcript of this recording" in bad["error"]
    assert other["words"][-1]["word"] == "himself"
    [line] = [line for line in done.stderr.splitlines() if line.startswith("Error")]
    assert f"{NAMES[1]}.flac: the transcript does not sound like the recording" in line


def test_recognized_words_need_no_transcript(talk):
    [answer] = json.loads(run(talk, "--recognize", "--json").stdout)
    assert "young" in [word["word"] for word in answer["words"]]


def write_bad_audio(folder):
    """Writes recordings that hold no such speech."""
    noise = np.random.default_rng(0).normal(0, 0.3, 16_000)
    for name, samples in {
        "silence": np.zeros(16_000),
        "noise": noise,
        "tenth": noise[:1600],
        "hour": np.zeros(3600 * 16_000, np.int16),
    }.items():
        soundfile.write(folder / f"{name}.wav", samples, 16_000)


@pytest.mark.parametrize(
    "name, transcript, message",
    [
        ("talk.flac", "she sells sea shells by the shore", "Is it the transcript of this recording?"),
        ("talk.flac", "", "holds no words"),
        ("talk.flac", "\u043d\u0435\u0442", "is not written in the Latin alphabet"),
        ("talk.flac", "none.txt", "there is no such transcript"),
        ("silence.wav", SAID, "is silent"),
        ("noise.wav", SAID, "do not fit the recording of 1.00 s"),
        ("tenth.wav", SAID, "do not fit the recording of 0.10 s"),
        ("hour.wav", SAID, "is 3600 s long at 16000 Hz; expected at most 600 s"),
        ("none.wav", SAID, "No such file"),
    ],
)
def test_what_cannot_be_aligned_is_named_in_a_line(tmp_path, talk, name, transcript, message):
    write_bad_audio(tmp_path)
    done = run(tmp_path / name, "--transcript", transcript)
    assert done.exit_code == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("Error: ")
    assert message in line
    assert name in line or transcript == "none.txt"


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            ("--max-seconds", 2),
            "s long at 16000 Hz; expected at most 2 s. Cut it at its pauses, or raise --max-seconds",
        ),
        (("--max-words", 7), "the transcript has 8 words; expected at most 7 for one utterance. Cut it at its pauses"),
    ],
)
def test_a_limit_is_named_with_what_raises_it(talk, arguments, message):
    done = run(talk, "--transcript", SAID, *arguments)
    assert done.exit_code == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(f"Error: {talk}: ")
    assert message in line


def test_a_million_words_are_refused_and_not_looked_up(talk):
    (talk.parent / "talk.txt").write_text("word " * 1_000_000)
    done = run(talk)
    assert "the transcript has 1000000 words; expected at most 5000" in done.stderr


def test_recognition_has_a_limit_of_its_own_that_may_be_raised(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(61 * 16_000, np.int16), 16_000)
    assert "is 61 s long at 16000 Hz; expected at most 60 s" in run(tmp_path / "a.wav", "--recognize").stderr
    assert "is silent" in run(tmp_path / "a.wav", "--recognize", "--max-seconds", 70).stderr


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("{folder}", "--transcript", "one text"), "one text for 3 recordings"),
        (("{folder}", "--format", "ctm"), "--format ctm needs --out"),
        (("{folder}", "--recognize", "--transcript", "x"), "leave --transcript out"),
        (("{folder}/nope.flac", "--transcript", "{folder}"), "holds no nope with .txt, .lab"),
    ],
)
def test_options_that_contradict_each_other(tmp_path, arguments, message):
    shutil.copy(FOLDER / f"{NAMES[0]}.flac", tmp_path / "nope.flac")
    folder = FOLDER if "nope" not in arguments[0] else tmp_path
    done = run(*(argument.format(folder=folder) for argument in arguments))
    assert done.exit_code == 1
    assert message in done.stderr


def test_a_manifest_gives_recordings_and_transcripts(talk, tmp_path):
    manifest = tmp_path / "corpus.csv"
    manifest.write_text(
        "id,audio,label,speaker,transcript,alignment\n"
        f'one,talk.flac,calm,reader,"{SAID}",\n'
        "two,missing.flac,calm,reader,,missing.json\n"
    )
    done = run("--manifest", manifest, "--json")
    assert done.exit_code == 0, done.output
    [answer] = json.loads(done.stdout)
    assert answer["path"] == str(talk)
    assert [word["word"] for word in answer["words"]] == WORDS
    assert "Left out: two: row 3: " in done.stderr


@pytest.mark.parametrize(
    "arguments", [[], ["talk.flac", "--manifest", __file__], ["--manifest", __file__, "--recognize"]]
)
def test_recordings_come_from_one_place(arguments):
    done = run(*arguments)
    assert done.exit_code == 1
    assert "expected AUDIO, with --transcript or --recognize or neither, or else --manifest" in done.output


def test_a_manifest_without_transcripts_has_nothing_to_align(tmp_path):
    (tmp_path / "corpus.csv").write_text("id,audio,label,speaker\n")
    done = run("--manifest", tmp_path / "corpus.csv")
    assert (done.exit_code, "no row has a transcript and no alignment" in done.output) == (1, True)


def test_recordings_of_one_name_go_to_files_below_their_folders(tmp_path):
    for who, name in zip(("anna", "ben"), NAMES, strict=False):
        (tmp_path / "in" / who).mkdir(parents=True)
        for suffix in (".flac", ".txt"):
            shutil.copy(FOLDER / f"{name}{suffix}", tmp_path / "in" / who / f"001{suffix}")
    done = run(tmp_path / "in", "--format", "json", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    words = [[word.text for word in read_alignment(tmp_path / "out" / who / "001.json")] for who in ("anna", "ben")]
    assert words[0] == WORDS != words[1]


def test_recordings_of_a_manifest_are_called_by_their_ids(tmp_path):
    rows = ["id,audio,label,speaker,transcript"]
    for who, name in zip(("anna", "../ben"), NAMES, strict=False):
        place = tmp_path / who.strip("./") / "001.flac"
        place.parent.mkdir()
        shutil.copy(FOLDER / f"{name}.flac", place)
        said = (FOLDER / f"{name}.txt").read_text().strip().replace('"', "")
        rows.append(f'{who}_001,{place.relative_to(tmp_path)},calm,{who},"{said}"')
    (tmp_path / "m.csv").write_text("\n".join(rows))
    done = run("--manifest", tmp_path / "m.csv", "--format", "ctm", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".._ben_001.ctm", "anna_001.ctm"]
    assert (tmp_path / "out" / "anna_001.ctm").read_text().startswith("anna_001 1 ")


def test_two_rows_of_one_recording_are_refused(tmp_path, talk):
    rows = ["id,audio,label,speaker,transcript", "u1,talk.flac,calm,a,yes", "u2,talk.flac,calm,a,no"]
    (tmp_path / "m.csv").write_text("\n".join(rows))
    assert "u2 and another row have the recording" in run("--manifest", tmp_path / "m.csv").stderr


def test_what_is_aligned_is_written_at_once_and_not_aligned_again(tmp_path, monkeypatch):
    shutil.copytree(FOLDER, tmp_path / "in")
    aligned = []
    align = Aligner.align

    def counting(self, samples, words):
        aligned.append(words)
        if len(aligned) == 2:
            raise KeyboardInterrupt
        return align(self, samples, words)

    monkeypatch.setattr(Aligner, "align", counting)
    assert run(tmp_path / "in", "--out", tmp_path / "out").exit_code == 1
    assert [path.name for path in (tmp_path / "out").glob("*.*t")] == [f"{sorted(NAMES)[0]}.txt"]
    done = run(tmp_path / "in", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert len(aligned) == 1 + len(NAMES)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {f"{name}.txt" for name in NAMES}
