"""Manifests as `RecordingSet.to_file`, `SupervisionSet.to_file` and `CutSet.to_file` of lhotse write them."""

import gzip
import json

import pytest

from can_tf.alignment.formats import Reading
from can_tf.corpus.options import DEFAULT_OPTIONS, CorpusOptions
from can_tf.corpus.registry import read_corpus
from can_tf.errors import CorpusError
from tests.corpus.written import TAKES, Take, cut, recording, supervision, write_lines, write_recordings

CALM = Take("u00", "calm", "anna", "so long", TAKES[0].words)


@pytest.fixture
def root(tmp_path):
    write_recordings(tmp_path)
    return tmp_path


def write(root, recordings, supervisions):
    write_lines(root / "recordings.jsonl.gz", recordings)
    write_lines(root / "supervisions.jsonl.gz", supervisions)


def only_reason(root, options=DEFAULT_OPTIONS):
    corpus = read_corpus("lhotse", root, options=options)
    assert corpus.utterances == ()
    [rejection] = corpus.rejected
    return rejection.reason


@pytest.mark.parametrize(
    "changed, reason",
    [
        (
            {"sources": [{"type": "command", "channels": [0], "source": "touch run"}]},
            "type 'command', and none is run or",
        ),
        (
            {"sources": [{"type": "url", "channels": [0], "source": "http://localhost/a"}]},
            "type 'url', and none is run",
        ),
        ({"sources": [{"type": "file", "channels": [0, 1], "source": "wav/u00.wav"}]}, "has 2 channels; expected one"),
        ({"sources": 2 * recording("u00")["sources"]}, "has 2 sources; expected one file"),
        ({"sources": [{"type": "file", "channels": [0], "source": "wav/no.wav"}]}, "there is no such audio file"),
        ({"sources": [{"type": "file", "channels": [0], "source": 300 * "x"}]}, "File name too long"),
        ({"sources": [{"type": "file", "channels": [0], "source": "a\0b"}]}, "holds a NUL"),
        ({"transforms": [{"name": "Speed", "kwargs": {"factor": 0.9}}]}, "is changed as lhotse loads it"),
        ({"duration": 1.5}, "is 0 to 0.75 s of a recording of 1.5 s; expected a recording for each"),
    ],
)
def test_a_recording_that_is_no_file_of_one_channel_is_rejected(root, changed, reason):
    write(root, [recording("u00", **changed)], [supervision(CALM)])
    assert reason in only_reason(root)
    assert not (root / "run").exists()


@pytest.mark.parametrize(
    "changed, reason",
    [
        ({"start": 0.25, "duration": 0.5}, "is 0.25 to 0.75 s of a recording of 0.75 s"),
        ({"channel": [0, 1]}, "has 2 channels; expected one"),
        ({"recording_id": "u77"}, "no recording 'u77' is listed"),
        ({"custom": None}, "has no label; expected custom['emotion']"),
        ({"custom": {"emotion": ["calm"]}}, "expected text in label"),
        ({"custom": {"emotion": "calm\n"}, "speaker": 3}, "speaker: expected null, found 3"),
        ({"duration": float("nan")}, "duration: expected another value"),
        ({"alignment": {"word": [["good", 0.1]]}}, "item 1 of its alignment: expected a symbol, its start and its"),
        ({"alignment": {"word": [["good", 2.0, 0.5]]}}, "the alignment ends at 2.50 s and the audio at 0.75 s"),
        ({"alignment": {"word": [["good", 0.5, -0.25]]}}, "the words of u00: token 1"),
        ({"id": "u\ud800"}, "expected an id of printable characters"),
        ({"text": "so \ud800"}, "its transcript holds a NUL or half a character"),
    ],
)
def test_a_supervision_that_cannot_be_used_is_rejected(root, changed, reason):
    write(root, [recording("u00")], [supervision(CALM, **changed)])
    reasons = [each.reason for each in read_corpus("lhotse", root).rejected]
    assert any(reason in each for each in reasons), reasons


def test_what_is_odd_costs_itself_alone(root):
    write(root, [recording("u00"), recording("u01"), recording("u01")], [supervision(CALM), supervision(CALM)])
    with (root / "recordings.jsonl.gz").open("ab") as file:
        file.write(gzip.compress(b'{"id": "u02"\n[]\n{"id": "u03"}\n' + b"[" * 100_000))
    corpus = read_corpus("lhotse", root)
    assert [each.id for each in corpus.utterances] == ["u00"]
    assert [(each.id, each.reason.split(": ", 1)[1][:38]) for each in corpus.rejected] == [
        ("recordings.jsonl.gz:2", "no supervision is of its recording"),
        ("recordings.jsonl.gz:3", "its recording is listed a second time;"),
        ("recordings.jsonl.gz:4", "is not JSON (Expecting ',' delimiter: "),
        ("recordings.jsonl.gz:5", "is list; expected an object"),
        ("recordings.jsonl.gz:6", "it lacks sources, duration"),
        ("recordings.jsonl.gz:7", "is not JSON (maximum recursion depth e"),
        ("u00", "its id occurs twice; the first is used"),
    ]


def test_options_name_the_label_the_alignment_and_what_is_silence(root):
    items = {"word": [], "mfa": [{"symbol": "good", "start": 0.125, "duration": 0.25}, ["xxx", 0.375, 0.25]]}
    write(root, [recording("u00")], [supervision(CALM, custom={"mood": 3, "session": "s1"}, alignment=items)])
    options = CorpusOptions(columns={"label": "mood"}, reading=Reading(tier="mfa", silence=("xxx",)))
    [utterance] = read_corpus("lhotse", root, options=options).utterances
    assert (utterance.label, utterance.session, utterance.transcript) == ("3", "s1", "so long")
    assert [word.text for word in utterance.words] == ["<s>", "good", "<sil>", "</s>"]
    assert "has no alignment 'phone'; it has 'word', 'mfa'" in only_reason(
        root, CorpusOptions(columns={"label": "mood"}, reading=Reading(tier="phone"))
    )
    with pytest.raises(CorpusError, match="there is no column 'mood' to name; expected one of label, speaker"):
        read_corpus("lhotse", root, options=CorpusOptions(columns={"mood": "label"}))


def test_cuts_are_whole_recordings_of_one_supervision(root):
    cuts = [
        cut(CALM, supervisions=[supervision(CALM, custom=None)], custom={"emotion": "calm"}),
        cut(CALM, supervisions=[]),
        cut(CALM, start=0.25, duration=0.5),
        {"id": "mixed", "type": "MixedCut", "tracks": []},
    ]
    write_lines(root / "mine_cuts.jsonl.gz", cuts)
    corpus = read_corpus("lhotse", root)
    assert [(each.id, each.label) for each in corpus.utterances] == [("u00", "calm")]
    assert [(each.id, each.reason.split(": ", 1)[1][:30]) for each in corpus.rejected] == [
        ("mixed", "it lacks start, duration, reco"),
        ("u00-0", "has 0 supervisions; expected o"),
        ("u00-0", "is 0.25 to 0.75 s of a recordi"),
    ]


def test_without_speakers_it_is_noted(root):
    write(root, [recording("u00")], [supervision(CALM, speaker=None)])
    assert read_corpus("lhotse", root).notes == ("Nothing says who speaks: all utterances count as one speaker's.",)


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("recordings.jsonl", b"", "has no recording listed in .* expected manifests of lhotse"),
        ("cuts.jsonl.gz", b"no gzip", "cuts.jsonl.gz: cannot be read as lines of JSON .Not a gzipped file"),
        ("cuts.jsonl.gz", gzip.compress(json.dumps(cut(CALM)).encode())[:-9], "cannot be read as lines of JSON"),
        ("cuts.jsonl", b"\xff\xfe\x00", "cuts.jsonl: cannot be read as lines of JSON"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError, match=message) as caught:
        read_corpus("lhotse", tmp_path)
    assert "\n" not in str(caught.value)


def test_no_more_is_unpacked_than_a_manifest_may_have(tmp_path, monkeypatch):
    monkeypatch.setattr("can_tf.corpus.lhotse._MOST_BYTES", 1000)
    (tmp_path / "cuts.jsonl.gz").write_bytes(gzip.compress(b" " * 1_000_000))
    with pytest.raises(CorpusError, match="cuts.jsonl.gz: holds more than 1000 bytes; expected less"):
        read_corpus("lhotse", tmp_path)
