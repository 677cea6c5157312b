"""Requests that a server answers before it takes others, so that no user waits for a graph's first run.

They also are the requests that an export is checked with. A server does not load a version with a failing one.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from can_tf.audio import wav_bytes
from can_tf.features.front_end import FrontEnd
from can_tf.features.recordings import SegmentedAudio, frames_of_recordings
from can_tf.samples import SAMPLE_RATE_HZ, on_grid

WARM_UP_FILE = Path("assets.extra", "tf_serving_warmup_requests")
_SECONDS, _SECONDS_A_WORD = 2.0, 0.4
_WORDS_OF_UTTERANCES = (2, 5)  # A batch of two, the shorter of them padded.

WarmUpRequest = tuple[str, dict[str, np.ndarray]]


def warm_up_requests(vocabulary: Sequence[str], front_end: FrontEnd, overlap: float) -> list[WarmUpRequest]:
    """Returns a request for each signature, name and inputs; the same two utterances of synthetic sound in each."""
    generator = np.random.default_rng(0)
    samples = on_grid(generator.normal(size=(2, round(_SECONDS * SAMPLE_RATE_HZ))) * 0.1)
    inputs = _words(vocabulary, generator)
    num_samples = np.full(2, samples.shape[1], np.int32)
    audio = np.array([wav_bytes(row) for row in samples], object)
    return [
        ("serving_default", {"audio": audio, **inputs}),
        ("waveform", {"waveform": samples, "num_samples": num_samples, **inputs}),
        ("features", features_of(samples, inputs, front_end, overlap)),
        ("frames", {"audio": audio, **inputs}),
    ]


def _words(vocabulary: Sequence[str], generator: np.random.Generator) -> dict[str, np.ndarray]:
    num_words = np.array(_WORDS_OF_UTTERANCES, np.int32)
    most = int(num_words.max())
    real = np.arange(most) < num_words[:, None]
    edges = np.arange(most + 1, dtype=np.float32) * np.float32(_SECONDS_A_WORD)
    words = generator.choice(np.array([*vocabulary, "[UNK]"], object), size=real.shape)
    return {
        "words": np.where(real, words, ""),
        "start": np.where(real, edges[:-1], 0).astype(np.float32),
        "end": np.where(real, edges[1:], 0).astype(np.float32),
        "num_words": num_words,
    }


def features_of(
    samples: np.ndarray, inputs: Mapping[str, np.ndarray], front_end: FrontEnd, overlap: float
) -> dict[str, np.ndarray]:
    """Returns the inputs of the signature `features`, as `build-records` computes them."""
    recordings = [
        SegmentedAudio(row, list(zip(start[:count].tolist(), end[:count].tolist(), strict=True)))
        for row, start, end, count in zip(samples, inputs["start"], inputs["end"], inputs["num_words"], strict=True)
    ]
    computed = frames_of_recordings(recordings, front_end, overlap)
    longest = max(int(counts.max()) for _, counts in computed)
    frames = np.zeros((*inputs["words"].shape, longest, front_end.width), np.float32)
    segment_frames = np.zeros(inputs["words"].shape, np.int32)
    for row, (values, counts) in enumerate(computed):
        segment_frames[row, : len(counts)] = counts
        for word, segment in enumerate(np.split(values, np.cumsum(counts)[:-1])):
            frames[row, word, : len(segment)] = segment
    return {"frames": frames, "segment_frames": segment_frames, "words": inputs["words"]}


def write_warm_up(version: Path, name: str, requests: Sequence[WarmUpRequest]) -> None:
    """Writes `assets.extra/tf_serving_warmup_requests` in an export's folder, for a model served under `name`."""
    from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

    path = version / WARM_UP_FILE
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature, inputs in requests:
            request = predict_pb2.PredictRequest()
            request.model_spec.name, request.model_spec.signature_name = name, signature
            for key, values in inputs.items():
                request.inputs[key].CopyFrom(tf.make_tensor_proto(values))
            log = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
            writer.write(log.SerializeToString())


def replay_warm_up(version: Path, run: Callable[[str, dict[str, np.ndarray]], object]) -> int:
    """Gives each of an export's warm-up requests to `run(signature, inputs)`; returns how many there are."""
    from tensorflow_serving.apis import prediction_log_pb2

    path = version / WARM_UP_FILE
    if not path.exists():
        return 0
    count = 0
    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        run(request.model_spec.signature_name, {key: tf.make_ndarray(value) for key, value in request.inputs.items()})
        count += 1
    return count
