"""What belongs to a recording, and which of the two is missing."""

import pytest

from can_tf.alignment.formats import alignment_suffixes
from can_tf.cli.shared.recordings import Companions, Transcripts
from can_tf.errors import AlignmentError, ConfigError
from tests.conftest import write_tone


def test_a_recording_that_is_not_there_is_not_told_as_a_missing_alignment(tmp_path):
    alignments = Companions("alignment", alignment_suffixes(), tmp_path, 1)
    with pytest.raises(ConfigError, match=r"talk\.wav: there is no such recording"):
        alignments.of(tmp_path / "talk.wav")
    write_tone(tmp_path / "talk.wav", 0.1)
    with pytest.raises(ConfigError, match="holds no talk with .wdseg"):
        alignments.of(tmp_path / "talk.wav")


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("name", ["talk.textgrid", "talk.TextGrid", "talk.TEXTGRID", "talk.WDSEG", "talk.Json"])
def test_an_alignment_is_found_whatever_the_case_of_its_suffix(tmp_path, name, given):
    write_tone(tmp_path / "talk.wav", 0.1)
    (tmp_path / name).touch()
    alignments = Companions("alignment", alignment_suffixes(), tmp_path if given else None, 1)
    assert alignments.of(tmp_path / "talk.wav") == tmp_path / name


@pytest.mark.parametrize("given", [True, False])
def test_of_several_alignments_the_first_format_counts_and_its_usual_suffix(tmp_path, given):
    for name in ("talk.json", "talk.ctm", "talk.textgrid", "talk.TextGrid", "talk.TEXTGRID"):
        (tmp_path / name).touch()
    (tmp_path / "talk.wdseg").mkdir()
    write_tone(tmp_path / "talk.wav", 0.1)
    alignments = Companions("alignment", alignment_suffixes(), tmp_path if given else None, 1)
    assert alignments.of(tmp_path / "talk.wav") == tmp_path / "talk.TextGrid"


def test_nothing_is_found_beside_a_recording_of_another_name_or_in_no_folder(tmp_path):
    (tmp_path / "talk.wdseg").touch()
    alignments = Companions("alignment", alignment_suffixes(), None, 1)
    assert alignments.of(tmp_path / "talks.wav") is None
    assert alignments.of(tmp_path / "nowhere" / "talk.wav") is None


def test_a_transcript_in_capitals_is_found_and_one_that_is_missing_is_told(tmp_path):
    (tmp_path / "talk.TXT").write_text("good day")
    transcripts = Transcripts(None, 2)
    assert transcripts.of(tmp_path / "talk.wav") == "good day"
    assert transcripts.of(tmp_path / "other.wav") is None
    with pytest.raises(AlignmentError, match=r"no transcript stands beside it \(.txt, .lab\); name one with --tr"):
        transcripts.required(tmp_path / "other.wav")
