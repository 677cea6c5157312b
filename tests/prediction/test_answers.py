"""Answers of servers that are not can_tf's, and descriptions of exports that are damaged."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from can_tf.alignment.word import Word
from can_tf.errors import ConfigError, ExportError, ServerError
from can_tf.prediction.answers import predictions_of
from can_tf.prediction.description import DESCRIPTION_FILE, description_of, tell_of_resampler
from can_tf.prediction.options import PredictionOptions
from can_tf.prediction.requests import Request
from can_tf.prediction.servers import RestServer
from can_tf.stack import RESAMPLER

REQUEST = Request(np.zeros(16_000, np.float32), (Word("good", 0.0, 0.5), Word("day", 0.5, 1.0)))
OUTPUTS = {
    "probabilities": [[0.75, 0.25]],
    "label": ["calm"],
    "labels": [["calm", "loud"]],
    "text_attention": [[[0.5, 0.5]]],
    "audio_attention": [[[0.25, 0.75]]],
}
DESCRIPTION = {
    "labels": ["calm", "loud"],
    "records": {"features": {"name": "mfcc"}, "fillers": "keep", "corpus": {"name": "x", "synthetic": False}},
}


def arrays(outputs):
    response = SimpleNamespace(status_code=200, json=lambda: json.loads(json.dumps({"outputs": outputs})))
    return RestServer("http://localhost:1")._outputs(response)


def test_the_answer_of_a_model_is_taken_with_texts_as_bytes_too():
    for texts in (lambda value: value, lambda value: np.array(value, "S4").astype(object)):
        outputs = arrays(OUTPUTS) | {name: texts(OUTPUTS[name]) for name in ("label", "labels")}
        outputs = {name: np.asarray(values) for name, values in outputs.items()}
        [prediction] = predictions_of(outputs, [REQUEST])
        assert (prediction.label, prediction.probabilities) == ("calm", {"calm": 0.75, "loud": 0.25})


def test_confidence_is_calibrated_where_it_can_be():
    [plain] = predictions_of(arrays(OUTPUTS), [REQUEST])
    [calibrated] = predictions_of(arrays({**OUTPUTS, "calibrated_probabilities": [[0.625, 0.375]]}), [REQUEST])
    assert (plain.confidence, calibrated.confidence) == (0.75, 0.625)
    assert plain.to_json()["calibrated_probabilities"] is None
    told = calibrated.to_json()
    assert (told["confidence"], told["calibrated_probabilities"]) == (0.625, {"calm": 0.625, "loud": 0.375})
    assert told["probabilities"] == {"calm": 0.75, "loud": 0.25}


@pytest.mark.parametrize(
    "reject_below, label", [(0.0, "calm"), (0.625, "calm"), (0.7, "uncertain"), (1.0, "uncertain")]
)
def test_what_is_below_the_confidence_asked_for_is_uncertain_and_still_tells_the_most_probable(reject_below, label):
    outputs = arrays({**OUTPUTS, "calibrated_probabilities": [[0.625, 0.375]]})
    [prediction] = predictions_of(outputs, [REQUEST], reject_below=reject_below)
    told = prediction.to_json()
    assert (told["label"], told["most_probable"]) == (label, "calm")
    assert told["probabilities"] == {"calm": 0.75, "loud": 0.25}


@pytest.mark.parametrize("reject_below", [-0.1, 1.1, float("nan")])
def test_a_confidence_that_is_no_probability_is_refused(reject_below):
    with pytest.raises(ConfigError, match=f"reject_below must be a number from 0 to 1, got {reject_below}"):
        PredictionOptions(reject_below=reject_below)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"probabilities": None}, r"probabilities: expected numbers from 0 to 1 of the shape \[1, 2\]"),
        ({"probabilities": [[0.75]]}, "probabilities: expected numbers"),
        ({"probabilities": [["much", "little"]]}, "probabilities: expected numbers"),
        ({"probabilities": [[float("nan"), 1]]}, "probabilities: expected numbers from 0 to 1"),
        ({"calibrated_probabilities": [[0.5, 0.25, 0.25]]}, r"calibrated_probabilities: expected .* shape \[1, 2\]"),
        ({"calibrated_probabilities": [[float("nan"), 1]]}, "calibrated_probabilities: expected numbers from 0 to 1"),
        ({"audio_probabilities": [[2, 0]]}, "audio_probabilities: expected numbers from 0 to 1"),
        ({"label": "calm"}, r"label: expected text of the shape \[1\]"),
        ({"label": [3]}, "label: expected text"),
        ({"labels": 1}, "labels: expected text|probabilities: expected numbers"),
        ({"text_attention": [[[0.5]]]}, r"text_attention: expected numbers from 0 to 1 of the shape \[1, -1, 2\]"),
        ({"text_attention": [[[1e308, 0]]]}, "text_attention: expected numbers from 0 to 1"),
        ({"audio_attention": [[[0.5, 0.5], [1]]]}, "'audio_attention' of no shape; expected numbers"),
    ],
)
def test_an_answer_that_no_model_of_can_tf_gives_is_the_servers_error(changes, message):
    with pytest.raises(ServerError, match=message):
        predictions_of(arrays({**OUTPUTS, **changes}), [REQUEST])


def test_an_answer_that_lacks_an_output_is_the_servers_error():
    with pytest.raises(ServerError, match="the answer's label: expected text"):
        predictions_of(arrays({name: values for name, values in OUTPUTS.items() if name != "label"}), [REQUEST])


@pytest.mark.parametrize(
    "content, message",
    [
        ("[" * 100_000, "cannot be read"),
        ("[]", "is damaged .it: expected an object"),
        ("{}", "is damaged .it lacks labels, records"),
        (
            json.dumps({**DESCRIPTION, "records": {**DESCRIPTION["records"], "features": {"name": 16}}}),
            "records.features.name: expected text, found 16",
        ),
        (
            json.dumps({**DESCRIPTION, "records": {**DESCRIPTION["records"], "fillers": "some"}}),
            "records.fillers: expected",
        ),
    ],
)
def test_a_damaged_description_is_refused(tmp_path, content, message):
    path = tmp_path / DESCRIPTION_FILE
    path.parent.mkdir()
    path.write_text(json.dumps(DESCRIPTION))
    assert description_of(tmp_path) == DESCRIPTION
    path.write_text(content)
    with pytest.raises(ExportError, match=f"can_tf.json: .*{message}"):
        description_of(tmp_path)


@pytest.mark.parametrize("resampler, told", [(None, 0), (RESAMPLER, 0), ("another", 1)])
def test_a_training_whose_recordings_another_library_resampled_is_told(caplog, resampler, told):
    tell_of_resampler(Path("can", "1"), {"resampler": resampler})
    assert len(caplog.messages) == told
    assert all(
        f"another resampled the recordings of the training that were not at 16 kHz, and here {RESAMPLER}" in message
        for message in caplog.messages
    )
