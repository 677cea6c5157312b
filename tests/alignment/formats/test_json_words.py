import json

import pytest

from can_tf.alignment.formats import read_alignment
from can_tf.errors import AlignmentError
from tests.alignment.formats.conftest import as_tuples, written


@pytest.mark.parametrize(
    "value",
    [
        [{"word": "say", "start": 0.5, "end": 1}, {"word": "hi", "start": 1.0, "end": 1.5}],
        {
            "text": " say hi",
            "segments": [
                {"words": [{"word": " say", "start": 0.5, "end": 1.0, "probability": 0.9}]},
                {"words": [{"word": " hi", "start": 1.0, "end": 1.5}]},
            ],
        },
        {
            "word_segments": [
                {"word": "say", "start": 0.5, "end": 1, "score": 0.3},
                {"word": "hi", "start": 1, "end": 1.5},
            ]
        },
        {"words": [{"text": "say", "start": "0.5", "end": 1}, {"text": "hi", "start": 1, "end": 1.5}]},
        {"result": [{"conf": 0.9, "end": 1.0, "start": 0.5, "word": "say"}, {"end": 1.5, "start": 1, "word": "hi"}]},
        [
            {"result": [{"conf": 0.9, "end": 1.0, "start": 0.5, "word": "say"}], "text": "say"},
            {"text": ""},
            {"result": [{"conf": 0.4, "end": 1.5, "start": 1.0, "word": "hi"}], "text": "hi"},
        ],
    ],
    ids=["list", "whisper", "whisperx", "words", "vosk", "vosk-in-parts"],
)
def test_json_of_several_shapes(tmp_path, value):
    words = read_alignment(written(tmp_path, "a.json", json.dumps(value)))
    assert as_tuples(words) == [("say", 0.5, 1.0), ("hi", 1.0, 1.5)]


@pytest.mark.parametrize(
    "content, message",
    [
        ("", "is not JSON"),
        ("[" * 200_000, "is not JSON"),
        ("3", "expected a list of"),
        ("[]", "holds no words"),
        ("[3]", "entry 1: expected an object"),
        ('[{"word": "a", "start": 0}]', "the word 'a' has no start or no end"),
        ('[{"word": "a", "start": true, "end": 1}]', "expected a time in seconds, found 'True'"),
        ('[{"word": "a", "start": 0, "end": 1e999}]', "expected finite times"),
        ('[{"word": " ", "start": 0, "end": 1}]', "entry 1: expected a word"),
        ('[{"result": []}, {"result": true}]', "expected a list of words for each result"),
        ('{"segments": [{"text": "a"}]}', "its segments have no words; ask Whisper for word timestamps"),
    ],
)
def test_json_of_another_layout_is_refused_with_its_place(tmp_path, content, message):
    with pytest.raises(AlignmentError, match=message):
        read_alignment(written(tmp_path, "a.json", content))
