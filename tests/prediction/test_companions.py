"""What belongs to a recording, and which of the two is missing."""

import json
import subprocess
import sys
from pathlib import Path, PurePath

import pytest

from can_tf.alignment.formats import alignment_suffixes
from can_tf.audio.folders import Recordings, find_recordings
from can_tf.cli.shared.recordings import needed
from can_tf.errors import AlignmentError, ConfigError, MissingExtraError
from can_tf.prediction.companions import Companions, Transcripts
from can_tf.prediction.known_words import KnownWords
from tests.conftest import write_small_files, write_tone


def found_for(tmp_path, *typed, given="aligned"):
    """Returns the alignments of what is typed, below a folder; the error in place of one that has none."""
    found = find_recordings([tmp_path / each for each in typed])
    alignments = Companions("alignment", alignment_suffixes(), tmp_path / given, found)
    answers = []
    for path in found.paths:
        try:
            answers.append(str(alignments.of(path).relative_to(tmp_path / given)))
        except ConfigError as error:
            answers.append(str(error))
    return answers


def test_a_recording_that_is_not_there_is_not_told_as_a_missing_alignment(tmp_path):
    alignments = Companions("alignment", alignment_suffixes(), tmp_path, Recordings([tmp_path / "talk.wav"]))
    with pytest.raises(ConfigError, match=r"talk\.wav: there is no such recording"):
        alignments.of(tmp_path / "talk.wav")
    write_tone(tmp_path / "talk.wav", 0.1)
    with pytest.raises(ConfigError, match="holds no talk with .wdseg"):
        alignments.of(tmp_path / "talk.wav")


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("name", ["talk.textgrid", "talk.TextGrid", "talk.TEXTGRID", "talk.WDSEG", "talk.Json"])
def test_an_alignment_is_found_whatever_the_case_of_its_suffix(tmp_path, name, given):
    write_tone(tmp_path / "talk.wav", 0.1)
    (tmp_path / name).write_text("-")
    alignments = Companions(
        "alignment", alignment_suffixes(), tmp_path if given else None, Recordings([tmp_path / "talk.wav"])
    )
    assert alignments.of(tmp_path / "talk.wav") == tmp_path / name


@pytest.mark.parametrize("given", [True, False])
def test_of_several_alignments_the_first_format_counts_and_its_usual_suffix(tmp_path, given):
    for name in ("talk.json", "talk.ctm", "talk.textgrid", "talk.TextGrid", "talk.TEXTGRID"):
        (tmp_path / name).write_text("-")
    (tmp_path / "talk.wdseg").mkdir()
    write_tone(tmp_path / "talk.wav", 0.1)
    alignments = Companions(
        "alignment", alignment_suffixes(), tmp_path if given else None, Recordings([tmp_path / "talk.wav"])
    )
    assert alignments.of(tmp_path / "talk.wav") == tmp_path / "talk.TextGrid"


def test_an_empty_file_beside_a_recording_is_neither_its_transcript_nor_its_alignment(tmp_path, caplog):
    for name in ("talk.wav", "talk.txt", "talk.json"):  # The last two as `can-tf predict talk.wav > talk.txt` has them.
        (tmp_path / name).touch()
    typed = Recordings([tmp_path / "talk.wav"])
    assert Companions("alignment", alignment_suffixes(), None, typed).of(tmp_path / "talk.wav") is None
    assert f"{tmp_path}/talk.wav: talk.json beside it is empty, so it counts as no alignment." in caplog.messages
    assert Transcripts(None, typed).of(tmp_path / "talk.wav") is None
    (tmp_path / "talk.lab").write_text("not again")
    assert Transcripts(None, typed).of(tmp_path / "talk.wav") == "not again"


def test_nothing_is_found_beside_a_recording_of_another_name_or_in_no_folder(tmp_path):
    (tmp_path / "talk.wdseg").write_text("-")
    alignments = Companions("alignment", alignment_suffixes(), None, Recordings([tmp_path / "talks.wav"]))
    assert alignments.of(tmp_path / "talks.wav") is None
    assert alignments.of(tmp_path / "nowhere" / "talk.wav") is None


def test_a_transcript_in_capitals_is_found_and_one_that_is_missing_is_told(tmp_path):
    (tmp_path / "talk.TXT").write_text("good day")
    transcripts = Transcripts(None, Recordings([tmp_path / "a.wav", tmp_path / "b.wav"]))
    assert transcripts.of(tmp_path / "talk.wav") == "good day"
    assert transcripts.of(tmp_path / "other.wav") is None
    with pytest.raises(AlignmentError, match=r"no transcript stands beside it \(.txt, .lab\); name one with --tr"):
        needed(transcripts)(tmp_path / "other.wav")


@pytest.mark.parametrize(
    "names, typed, expected",
    [
        (
            ("wav/anna/1.wav", "wav/ben/1.wav", "aligned/anna/1.json", "aligned/ben/1.json"),
            ["wav"],
            ["anna/1.json", "ben/1.json"],
        ),
        (("wav/anna/1.wav", "wav/ben/1.wav", "aligned/ben/1.json", "aligned/anna/1.json"), ["wav/ben"], ["ben/1.json"]),
        (
            ("wav/anna/1.wav", "wav/ben/1.wav", "aligned/ben/1.json", "aligned/anna/1.json"),
            ["wav/anna/1.wav"],
            ["anna/1.json"],
        ),
        (
            ("a/wav/x/1.wav", "b/wav/x/1.wav", "aligned/a/wav/x/1.json", "aligned/b/wav/x/1.json"),
            ["a", "b"],
            ["a/wav/x/1.json", "b/wav/x/1.json"],
        ),
        (("wav/dlg1/u1.wav", "aligned/S1/words/dlg1/u1.wdseg"), ["wav"], ["S1/words/dlg1/u1.wdseg"]),  # IEMOCAP's.
        (("wav/dlg1/u1.wav", "wav/dlg2/u2.wav", "aligned/u1.ctm", "aligned/u2.ctm"), ["wav"], ["u1.ctm", "u2.ctm"]),
        (("wav/u1.wav", "aligned/part1/u1.ctm"), ["wav"], ["part1/u1.ctm"]),  # Which is said.
        (("wav/1.wav", "wav/1.flac", "aligned/1.json"), ["wav"], ["1.json", "1.json"]),
    ],
)
def test_a_recording_is_known_by_its_path_below_the_folder(tmp_path, names, typed, expected):
    write_small_files(tmp_path, *names)
    assert [answer.replace("1.json holds", "") for answer in found_for(tmp_path, *typed)] == expected


@pytest.mark.parametrize(
    "names, typed",
    [
        (("wav/anna/1.wav", "wav/ben/1.wav", "aligned/1.json"), ["wav"]),  # Whose is it?
        (("wav/ben/1.wav", "aligned/anna/1.json"), ["wav"]),
        (("wav/ben/1.wav", "aligned/anna/1.json", "aligned/carl/1.json"), ["wav/ben/1.wav"]),
        (("one/1.wav", "two/1.wav", "aligned/anna/1.json"), ["one", "two"]),
    ],
)
def test_what_may_be_another_recordings_is_refused(tmp_path, names, typed):
    write_small_files(tmp_path, *names)
    for answer in found_for(tmp_path, *typed):
        assert "which may be of another recording of this name. Put the alignment where the recording is" in answer


def words_of(given=None, count=1):
    paths = [Path(f"{number}.wav") for number in range(count)]
    return KnownWords(given, None, Recordings(paths, {path: PurePath(path.stem) for path in paths}))


def test_answers_beside_a_recording_are_no_alignment_of_it_and_that_is_told(tmp_path, caplog):
    write_tone(tmp_path / "talk.wav", 0.1)
    answers = json.dumps([{"path": "talk.wav", "label": "calm", "words": []}], indent=2)
    (tmp_path / "talk.json").write_text(answers)
    assert words_of().of(tmp_path / "talk.wav") == (None, None)
    told = "holds answers of can-tf and is not taken for word times; for its words, name it"
    assert caplog.messages == [f"{tmp_path / 'talk.json'}: {told}"]
    assert words_of(tmp_path / "talk.json").of(tmp_path / "talk.wav") == (tmp_path / "talk.json", None)
    (tmp_path / "talk.srt").write_text("-")
    assert words_of().of(tmp_path / "talk.wav")[0] == tmp_path / "talk.srt"


def test_the_file_that_is_being_printed_to_is_not_read(tmp_path):
    write_tone(tmp_path / "talk.wav", 0.1)
    code = (
        "from pathlib import Path; from can_tf.prediction.known_words import KnownWords; import sys;"
        "from can_tf.audio.folders import Recordings;"
        "print(KnownWords(None, None, Recordings([Path('talk.wav')], {})).of(Path('talk.wav')), file=sys.stderr)"
    )
    with (tmp_path / "talk.json").open("w") as output:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, stdout=output, stderr=subprocess.PIPE, text=True
        )
    assert done.stderr == "(None, None)\n"


def test_one_file_may_hold_the_words_of_all_recordings(tmp_path):
    write_tone(tmp_path / "a.wav", 0.1)
    (tmp_path / "all.ctm").write_text("a 1 0.0 0.1 so\nb 1 0.0 0.1 no\n")
    assert words_of(tmp_path / "all.ctm", 2).of(tmp_path / "a.wav") == (tmp_path / "all.ctm", None)
    (tmp_path / "one.ctm").write_text("a 1 0.0 0.1 so\n")
    with pytest.raises(ConfigError, match=r"one\.ctm: is one alignment for 2 recordings; give a folder of them"):
        words_of(tmp_path / "one.ctm", 2)


@pytest.mark.parametrize("on_disk, of", [("cafe\u0301", "caf\u00e9"), ("caf\u00e9", "cafe\u0301")])
def test_what_belongs_to_a_recording_is_found_in_either_spelling_of_accents(tmp_path, on_disk, of):
    write_tone(tmp_path / f"{of}.wav", 0.1)
    (tmp_path / f"{on_disk}.srt").write_text("-")
    assert words_of().of(tmp_path / f"{of}.wav")[0] == tmp_path / f"{on_disk}.srt"


def test_what_finds_words_is_asked_for_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    write_tone(tmp_path / "a.wav", 0.1)
    (tmp_path / "a.srt").write_text("-")
    words_of().require_what_finds_them([tmp_path / "a.wav"])
    with pytest.raises(MissingExtraError, match=r"can_tf\[align\]"):
        words_of().require_what_finds_them([tmp_path / "a.wav", tmp_path / "b.wav"])
