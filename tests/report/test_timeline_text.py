"""Timelines as files, read back as others would."""

import csv
from pathlib import Path, PurePath

import pytest

from can_tf.alignment.formats import read_alignment
from can_tf.alignment.formats.subtitles import is_timeline
from can_tf.prediction.label_colors import label_colors
from can_tf.report.timeline_text import (
    RecordingTimeline,
    write_rttm,
    write_srt,
    write_timeline_csv,
    write_vtt,
)
from tests.moments import answered, unanswered

TALK = RecordingTimeline(
    Path("my caf\udce9.wav"),
    [
        answered(0.5, 1.5, "not <b>again</b>", 0.75, speaker="anna & co"),
        unanswered(2.0, 2.5, "no words\nwere recognized"),
        answered(3661.25, 3662.0, "oh", 0.25, label="uncertain"),
    ],
)


def test_a_table_has_a_row_for_each_stretch_answered_or_not(tmp_path):
    write_timeline_csv(tmp_path / "a.csv", [TALK])
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == ["happy", "", "uncertain"]
    assert [row["words"] for row in rows] == ["not <b>again</b>", "", "oh"]
    assert [row["speaker"] for row in rows] == ["anna & co", "", ""]
    assert [row["error"] for row in rows] == ["", "no words were recognized", ""]
    assert [(row["start"], row["end"]) for row in rows] == [("0.5", "1.5"), ("2.0", "2.5"), ("3661.25", "3662.0")]
    assert (rows[0]["probability_happy"], rows[0]["probability_sad"]) == ("0.75", "0.25")
    assert (rows[2]["most_probable"], rows[2]["confidence"], rows[2]["words_from"]) == ("sad", "0.75", "recognition")
    assert {row["recording"] for row in rows} == {"my caf\\udce9.wav"}


def test_names_and_labels_are_single_fields_of_rttm(tmp_path):
    talk = RecordingTimeline(
        Path("x.wav"), [answered(0.5, 1.5, "a", 0.25, labels=("a", "very  sad"))], PurePath("b/x y")
    )
    write_rttm(tmp_path / "a.rttm", [talk, TALK])
    first, second, _ = (tmp_path / "a.rttm").read_text(encoding="utf-8").splitlines()
    assert first == "SPEAKER b/x_y 1 0.500 1.000 <NA> <NA> very_sad 0.750 <NA>"
    assert second == "SPEAKER my_caf\\udce9 1 0.500 1.000 <NA> <NA> happy 0.750 <NA>"


def test_subtitles_have_the_emotion_the_speaker_and_the_words(tmp_path):
    write_srt(tmp_path / "a.srt", [TALK])
    assert (tmp_path / "a.srt").read_text(encoding="utf-8") == (
        "1\n00:00:00,500 --> 00:00:01,500\n[anna &amp; co: happy 0.750] not &lt;b&gt;again&lt;/b&gt;\n\n"
        "2\n01:01:01,250 --> 01:01:02,000\n[uncertain 0.750] oh\n"
    )
    write_vtt(tmp_path / "a.vtt", [TALK])
    assert (tmp_path / "a.vtt").read_text(encoding="utf-8") == (
        "WEBVTT\n\n00:00:00.500 --> 00:00:01.500\n"
        "<v anna &amp; co>[happy 0.750] not &lt;b&gt;again&lt;/b&gt;\n"
        "\n01:01:01.250 --> 01:01:02.000\n[uncertain 0.750] oh\n"
    )


@pytest.mark.parametrize("name, write", [("a.srt", write_srt), ("a.VTT", write_vtt)])
def test_emotions_are_no_words_where_subtitles_are_read_as_an_alignment(tmp_path, name, write):
    write(tmp_path / name, [RecordingTimeline(Path("a.wav"), [answered(0.0, 1.0, "not again", 0.75, speaker="anna")])])
    assert [token.text for token in read_alignment(tmp_path / name)] == ["not", "again"]
    assert is_timeline(tmp_path / name)


@pytest.mark.parametrize("text", ["", "1\n00:00:01,000 --> 00:00:02,000\n[music 0.5] not again\n"])
def test_subtitles_that_somebody_wrote_are_no_timeline(tmp_path, text):
    (tmp_path / "a.srt").write_text(text)
    assert not is_timeline(tmp_path / "a.srt")


def test_a_label_has_the_same_color_whatever_else_is_there_in_what_order():
    assert label_colors(["sad", "happy", "sad"]) == label_colors({"happy", "sad"})
    assert len(set(label_colors("abcdefghi").values())) == 9
    assert len(label_colors("abcdefghijk")) == 11
