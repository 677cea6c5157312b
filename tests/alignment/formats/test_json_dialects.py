"""JSON that recognizers and aligners write, by the shapes that their documentation or their bug reports show."""

import json

import pytest

from can_tf.alignment.formats import read_alignment, recordings_in
from can_tf.alignment.formats.json_words import is_answer
from can_tf.alignment.silence import without_silence
from can_tf.errors import AlignmentError
from tests.alignment.formats.conftest import written

ROWS = [("well", 0.2, 0.7), ("go", 0.7, 1.1), ("away", 1.3, 1.8)]
ENTRIES = [{"word": word, "start": start, "end": end} for word, start, end in ROWS]
ALIGNED = {"path": "wav/a.wav", "seconds": 2.0, "words": ENTRIES}
PREDICTED = {"path": "wav/a.wav", "label": "hap", "words": [{**entry, "text_attention": 0.3} for entry in ENTRIES]}
OTHER = {"path": "wav/b.wav", "words": [{"word": "stop", "start": 0, "end": 1}]}

DIALECTS = {
    "whisperx, of which a word has no times": {
        "segments": [],
        "word_segments": [ENTRIES[0], {"word": "go"}, ENTRIES[2]],
    },
    "openai": {"task": "transcribe", "duration": 2.0, "text": "Well, go away.", "words": ENTRIES},
    "gentle": {
        "transcript": "well go away",
        "words": [
            {"case": "success", "alignedWord": "well", "phones": [], **ENTRIES[0]},
            {"case": "not-found-in-audio", "word": "go", "startOffset": 5},
            {"case": "success", "alignedWord": "away", **ENTRIES[2]},
        ],
    },
    "whisper-timestamped": {
        "segments": [{"words": [{"text": w, "start": s, "end": e, "confidence": 0.9} for w, s, e in ROWS]}]
    },
    "faster-whisper, segments by themselves": [
        {"id": 1, "seek": 0, "start": 0.2, "end": 1.1, "text": " well go", "words": ENTRIES[:2]},
        {"id": 2, "seek": 0, "start": 1.3, "end": 1.8, "text": " away", "words": ENTRIES[2:]},
    ],
    "faster-whisper, named tuples": [[start, end, f" {word}", 0.9] for word, start, end in ROWS],
    "whisper.cpp, a word a segment": {
        "result": {"language": "en"},
        "transcription": [
            {"timestamps": {"from": "00:00:00,200"}, "offsets": {"from": int(s * 1000), "to": int(e * 1000)}, "text": w}
            for w, s, e in [("", 0, 0.2), *ROWS]
        ],
    },
    "hugging face": {
        "text": " well go away",
        "chunks": [{"text": f" {w}", "timestamp": [s, None if w == "away" else e]} for w, s, e in ROWS],
    },
    "vosk with alternatives": {"alternatives": [{"confidence": 1, "result": ENTRIES, "text": "well go away"}]},
    "amazon": {
        "results": {
            "items": [
                {"start_time": str(s), "end_time": str(e), "type": "pronunciation", "alternatives": [{"content": w}]}
                for w, s, e in ROWS
            ]
            + [{"type": "punctuation", "alternatives": [{"content": "."}]}]
        }
    },
    "google": {
        "results": [
            {"alternatives": [{"words": [{"word": w, "startTime": f"{s:.3f}s", "endTime": f"{e}s"}]}]}
            for w, s, e in ROWS
        ]
    },
    "deepgram": {"results": {"channels": [{"alternatives": [{"words": ENTRIES}]}]}},
    "assemblyai": {
        "audio_duration": 2,
        "words": [{"text": w, "start": int(s * 1000), "end": int(e * 1000)} for w, s, e in ROWS],
    },
    "rev": {
        "monologues": [
            {
                "speaker": 0,
                "elements": [{"type": "text", "value": w, "ts": s, "end_ts": e} for w, s, e in ROWS]
                + [{"type": "punct", "value": "."}],
            }
        ]
    },
    "montreal forced aligner": {
        "start": 0,
        "end": 2.0,
        "tiers": {
            "phones": {"type": "interval", "entries": [[0.2, 1.8, "W"]]},
            "words": {"type": "interval", "entries": [[0, 0.2, ""], *([s, e, w] for w, s, e in ROWS), [1.8, 2.0, ""]]},
        },
    },
    "praatio, a list of tiers": {
        "xmin": 0,
        "tiers": [
            {"class": "IntervalTier", "name": "phones", "entries": [[0.2, 1.8, "W"]]},
            {"class": "IntervalTier", "name": "words", "entries": [[s, e, w] for w, s, e in ROWS]},
        ],
    },
    "pocketsphinx align": {
        "b": 0.0,
        "d": 2.0,
        "t": "well go away",
        "w": [{"b": s, "d": round(e - s, 2), "p": 1.0, "t": w} for w, s, e in [("<sil>", 0, 0.2), *ROWS]],
    },
    "whisperx of 2022": {
        "segments": [{"text": " well", "word-level": [{"text": w, "start": s, "end": e} for w, s, e in ROWS]}]
    },
    "align --json": [ALIGNED],
    "predict --json": [PREDICTED],
    "predict --timeline --json": [{"path": "a.wav", "stretches": [{"words": ENTRIES[:2]}, {"words": ENTRIES[2:]}]}],
}


@pytest.mark.parametrize("name", DIALECTS)
def test_json_as_others_write_it(tmp_path, name):
    path = written(tmp_path, "a.json", json.dumps(DIALECTS[name]))
    words = without_silence(read_alignment(path))
    assert [word.text for word in words] == ["well", "go", "away"]
    assert (words[0].start, words[0].end, words[2].start) == (0.2, 0.7, 1.3) or "face" in name
    assert all(0.6 <= word.start < word.end <= 1.3 for word in words[1:2])


def test_a_stream_of_vosks_answers_is_read_in_order(tmp_path):
    stream = [{"partial": ""}, {"partial": "well"}, {"result": ENTRIES[:2], "text": "well go"}, {"text": ""}]
    stream += [{"result": ENTRIES[2:], "text": "away"}]
    for text in ("\n".join(map(json.dumps, stream)), "".join(json.dumps(part, indent=2) for part in stream)):
        assert [word.text for word in read_alignment(written(tmp_path, "a.json", text))] == ["well", "go", "away"]


def test_of_answers_about_several_recordings_the_one_of_its_name_is_read(tmp_path):
    path = written(tmp_path, "all.json", json.dumps([PREDICTED, OTHER]))
    assert recordings_in(path) == ("wav/a.wav", "wav/b.wav")
    assert [word.text for word in read_alignment(path, "b")] == ["stop"]
    with pytest.raises(AlignmentError, match="all.json: has no utterance 'c'; the first is 'wav/a.wav'"):
        read_alignment(path, "c")
    twice = written(tmp_path, "twice.json", json.dumps([OTHER, {**OTHER, "path": "ben/b.wav"}]))
    with pytest.raises(AlignmentError, match="holds 2 recordings named 'b': wav/b.wav, ben/b.wav"):
        read_alignment(twice, "b")


@pytest.mark.parametrize(
    "value, message",
    [
        ([{"path": "a.wav", "error": "is silent"}], "its answer about 'a.wav' has no words: is silent"),
        ([OTHER, OTHER], "holds several answers about 'wav/b.wav'"),
        ({"results": {"channels": [{}, {}]}}, "has 2 channels; name the one with the words: --tier 0"),
        ([{"text": "so", "words": None}], "its segments have no words; ask Whisper for word timestamps"),
    ],
)
def test_json_without_words_is_refused_with_its_reason(tmp_path, value, message):
    with pytest.raises(AlignmentError, match=message):
        read_alignment(written(tmp_path, "a.json", json.dumps(value)))


@pytest.mark.parametrize(
    "value, is_one",
    [
        ([PREDICTED], True),
        ([{"path": 'a "b".wav', "error": "is silent"}], True),
        ([{"path": "a.wav", "stretches": []}], True),
        ([{"title": "", "explanations": []}], True),
        ([ALIGNED], False),
        (ENTRIES, False),
        ([], False),
    ],
)
def test_answers_are_told_from_alignments(tmp_path, value, is_one):
    assert is_answer(written(tmp_path, "a.json", json.dumps(value, indent=2))) == is_one
