"""The files that `--timeline` writes, as they are asked for, and what is refused before any work."""

import sys
from pathlib import Path, PurePath

import pytest
from click.testing import CliRunner

from can_tf.audio.folders import Recordings
from can_tf.cli.main import main
from can_tf.cli.shared.timeline import Output, outputs, show_timelines, table_of
from can_tf.errors import AlignmentError, ConfigError, MissingExtraError
from can_tf.explanation.timeline_files import TIMELINE_FILES, write_timelines
from can_tf.explanation.timelines import speakers_of
from can_tf.report.timeline_text import RecordingTimeline
from tests.conftest import write_tone
from tests.moments import answered, unanswered

MOMENTS = [answered(0.5, 1.5, "not again", 0.75), unanswered(2.0, 2.5, "no words were recognized")]


def test_each_file_is_of_the_kind_that_its_suffix_tells(tmp_path):
    write_tone(tmp_path / "talk.wav", 3.0)
    beginnings = {
        ".html": b"<!doctype html>",
        ".csv": b"recording,",
        ".srt": b"1\n",
        ".vtt": b"WEBVTT",
        ".rttm": b"SPEAKER talk",
        ".png": b"\x89PNG",
    }
    assert beginnings.keys() == TIMELINE_FILES.keys()
    for suffix, beginning in beginnings.items():
        path = tmp_path / f"talk{suffix.upper()}"
        write_timelines(path, [RecordingTimeline(tmp_path / "talk.wav", MOMENTS)])
        assert path.read_bytes().startswith(beginning)


def test_what_is_left_out_of_a_file_is_said(tmp_path, capsys):
    files = [Output(tmp_path / f"a{suffix}", TIMELINE_FILES[suffix]) for suffix in (".csv", ".srt")]
    talk = RecordingTimeline(Path("a.wav"), MOMENTS)
    show_timelines({talk.path: talk, Path("b.wav"): AlignmentError("nobody is heard")}, files, as_json=True)
    assert capsys.readouterr().err == f"{tmp_path / 'a.srt'}: 1 of 2 stretches have no emotion and are left out.\n"


def test_where_nothing_can_be_used_nothing_is_written(tmp_path):
    files = [Output(tmp_path / "a.csv", TIMELINE_FILES[".csv"])]
    show_timelines({Path("a.wav"): AlignmentError("nobody is heard")}, files, as_json=True)
    assert not (tmp_path / "a.csv").exists()


@pytest.mark.parametrize(
    "out, recordings, message",
    [
        ("x.doc", 1, "x.doc: expected a name that ends in"),
        ("x.srt", 2, "x.srt: holds one recording; 2 were given"),
        ("nowhere/x.csv", 1, "nowhere/x.csv: there is no folder nowhere"),
    ],
)
def test_options_that_do_not_go_together(tmp_path, monkeypatch, out, recordings, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=message):
        outputs([Path(out)], None, None, recordings)
    done = CliRunner().invoke(main, ["predict", "talk.wav", "--out", "x.doc", "--timeline"])
    assert (done.exit_code, "expected a name that ends in" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    "out, options, message",
    [
        (["x.html"], {}, "--out x.html: belongs to --timeline; without it, a table"),
        (["x.doc"], {}, "x.doc: expected a name that ends in .csv"),
        (["x.csv", "y.csv"], {}, "one table .* 2 were given"),
        (["nowhere/x.csv"], {}, "nowhere/x.csv: there is no folder nowhere"),
        ([], {"plot": Path("x")}, "--plot belongs to --timeline"),
        (["x.csv"], {"speakers": Path("x.rttm")}, "--speakers belongs to --timeline"),
    ],
)
def test_without_a_timeline_one_table_may_be_written(tmp_path, monkeypatch, out, options, message):
    monkeypatch.chdir(tmp_path)
    assert table_of([Path("x.CSV")], plot=None) == Path("x.CSV")
    assert table_of([], plot=None) is None
    with pytest.raises(ConfigError, match=message):
        table_of([Path(path) for path in out], **options)


def test_a_picture_names_its_extra_before_any_work(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match="report"):
        outputs([Path("x.png")], None, None, 1)


def test_a_file_of_one_recording_refuses_two(tmp_path):
    with pytest.raises(ConfigError, match="holds one recording; 2 were given"):
        write_timelines(tmp_path / "a.vtt", [RecordingTimeline(Path(name), MOMENTS) for name in ("a.wav", "b.wav")])


def test_the_file_of_who_speaks_has_to_be_there(tmp_path):
    talk = Recordings([Path("talk.wav")])
    assert speakers_of(None, talk)(Path("talk.wav")) is None
    with pytest.raises(ConfigError, match="there is no such RTTM file or folder"):
        speakers_of(tmp_path / "a.rttm", talk)
    (tmp_path / "talk.rttm").write_text("SPEAKER talk 1 0 1 <NA> <NA> anna\n")
    assert speakers_of(tmp_path, talk)
    two = Recordings([Path("talk.wav"), Path("other.wav")])
    with pytest.raises(ConfigError, match="is one RTTM for 2 recordings"):
        speakers_of(tmp_path / "talk.rttm", two)


def test_the_table_has_a_column_of_speakers_where_they_are_known(capsys):
    moments = [answered(0.0, 1.0, "not again", 0.75, speaker="anna"), unanswered(1.0, 2.0, "no words")]
    show_timelines({Path("a.wav"): RecordingTimeline(Path("a.wav"), moments)}, [], as_json=False)
    _, heading, _, first, second = capsys.readouterr().out.splitlines()
    assert heading.split() == ["label", "start", "end", "confidence", "speaker", "words"]
    assert first.split() == ["happy", "0.00", "1.00", "0.750", "anna", "not", "again"]
    assert second.split() == ["-", "1.00", "2.00", "-", "-", "no", "words"]


def test_rttm_lines_tell_recordings_of_one_name_apart(tmp_path):
    names = {Path("a b/1.wav"): PurePath("a b/1"), Path("c/1.wav"): PurePath("c/1")}
    moments = [answered(0.0, 1.0, "not again", 0.75)]
    found = {path: RecordingTimeline(path, moments, name) for path, name in names.items()}
    show_timelines(found, [Output(tmp_path / "x.rttm", TIMELINE_FILES[".rttm"])], as_json=False)
    lines = (tmp_path / "x.rttm").read_text().splitlines()
    assert [line.split()[:3] for line in lines] == [["SPEAKER", "a_b/1", "1"], ["SPEAKER", "c/1", "1"]]
