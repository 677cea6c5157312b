"""The front end `whisper-base`: one frame a segment, whatever else is beside it."""

import numpy as np
import pytest
import tensorflow as tf

from can_tf.errors import ConfigError, DamagedError
from can_tf.features.front_end import Segments
from can_tf.features.recordings import SegmentedAudio, frames_of_recordings
from can_tf.features.registry import front_end_from_json, front_end_to_json
from can_tf.features.whisper import weights
from can_tf.features.whisper.front_end import WhisperBase
from tests.features.whisper.test_encoder import speech, together

FRONT_END = WhisperBase()


def frames_of(samples, spans):
    [(frames, counts)] = frames_of_recordings([SegmentedAudio(samples, spans)], FRONT_END, overlap=0.0)
    return frames, counts.tolist()


def test_a_segments_frame_is_the_mean_of_its_states():
    samples = speech(1.0)
    _, [states] = together([samples])
    frames, counts = frames_of(samples, [(0.0, 0.5), (0.25, 0.262), (0.5, 1.0)])
    assert counts == [1, 1, 1]
    # States stand at 0, 20, 40 ms, ...; the second segment has the one at 0.26 s.
    expected = [states[:25].mean(axis=0), states[13], states[25:50].mean(axis=0)]
    np.testing.assert_allclose(frames, expected, atol=1e-5)


@pytest.mark.parametrize("span, state", [((0.001, 0.002), 0), ((0.261, 0.279), 13), ((0.999, 1.0), 49)])
def test_a_segment_between_two_states_has_the_one_before_its_middle(span, state):
    samples = speech(1.0)
    _, [states] = together([samples])
    frames, _ = frames_of(samples, [span])
    np.testing.assert_allclose(frames[0], states[state], atol=1e-5)


def test_a_segment_outside_its_recording_has_no_frame():
    frames, counts = frames_of(speech(0.5), [(0.0, 0.2), (2.0, 3.0), (0.2, 0.5), (7.0, 8.0)])
    assert (frames.shape, counts) == ((2, 512), [1, 0, 1, 0])


def test_recordings_together_and_alone():
    recordings = [
        SegmentedAudio(speech(seconds), [(0.0, seconds / 2), (seconds / 2, seconds)]) for seconds in (0.03, 31, 2)
    ]
    for recording, (frames, _) in zip(recordings, frames_of_recordings(recordings, FRONT_END, 0.1), strict=True):
        [(alone, _)] = frames_of_recordings([recording], FRONT_END, 0.1)
        np.testing.assert_allclose(frames, alone, atol=1e-4)


def test_recordings_without_segments_change_nothing():
    samples = tf.constant(np.concatenate([speech(0.5), speech(0.25)]))
    segments = Segments(
        samples,
        tf.constant([0, 8_000, 4_000], tf.int64),
        tf.constant([2], tf.int64),
        tf.constant([0], tf.int64),
        tf.constant([4_000], tf.int64),
    )
    frames, _ = FRONT_END.frames(segments)
    np.testing.assert_allclose(frames, frames_of(speech(0.25), [(0.0, 0.25)])[0], atol=1e-5)


def test_the_layer_is_a_setting():
    assert front_end_to_json(FRONT_END) == {"name": "whisper-base", "layer": 3}
    assert front_end_from_json({"name": "whisper-base", "layer": 1}) == WhisperBase(layer=1)
    with pytest.raises(ConfigError, match="whisper-base: layer: expected 1 to 3, found 4"):
        front_end_from_json({"name": "whisper-base", "layer": 4})


def test_damaged_weights_are_refused(monkeypatch, tmp_path):
    path = tmp_path / "base.npz"
    monkeypatch.setattr(weights, "WEIGHTS_PATH", path)
    for content in (b"version https://git-lfs", None):
        if content is None:
            np.savez(path, positions=np.zeros(3, np.float16))
        else:
            path.write_bytes(content)
        with pytest.raises(DamagedError, match=r"base.npz: .*Install can_tf again"):
            weights.read_weights()
    path.unlink()
    with pytest.raises(DamagedError, match="cannot be read"):
        weights.read_weights()
