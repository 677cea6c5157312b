"""The export gives the Keras model's numbers through the way that TensorFlow Serving loads it."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from can_tf.alignment.spans import share_silence
from can_tf.audio import read_audio, wav_bytes
from can_tf.checksums import changes, read_checksums
from can_tf.errors import ExportError
from can_tf.export import write as export_module
from can_tf.export.warm_up import replay_warm_up, warm_up_requests
from can_tf.export.write import export_run
from can_tf.features.mfcc import Mfcc
from can_tf.models.losses import final_log_probabilities
from can_tf.prediction.answers import predictions_of
from can_tf.prediction.predictor import load
from can_tf.prediction.requests import Request, inputs_of
from can_tf.records.pipeline import EpochOrder, batches
from tests.export.c_program import probabilities_by_c
from tests.trained import OPTIONS

pytestmark = pytest.mark.long

PROBABILITIES = ("probabilities", "fused_probabilities", "text_probabilities", "audio_probabilities")


@pytest.fixture(scope="module")
def loaded(exported):
    return tf.saved_model.load(str(exported.folder))


def call(loaded, signature, inputs):
    outputs = loaded.signatures[signature](**{name: tf.constant(values) for name, values in inputs.items()})
    return {name: value.numpy() for name, value in outputs.items()}


def cut(inputs):
    """Returns features cut as in training."""
    most = OPTIONS.max_segment_frames
    frames = np.minimum(inputs["segment_frames"], most)
    return {**inputs, "frames": inputs["frames"][:, :, :most], "segment_frames": frames}


def keras_probabilities(model, inputs):
    logits = model({name: tf.constant(inputs[name]) for name in ("frames", "segment_frames", "words")}, training=False)
    return {
        "probabilities": np.exp(final_log_probabilities(logits, OPTIONS.alpha)),
        "fused_probabilities": tf.nn.softmax(logits["fused"]).numpy(),
        "text_probabilities": tf.nn.softmax(logits["text"]).numpy(),
        "audio_probabilities": tf.nn.softmax(logits["audio"]).numpy(),
    }


def request_of(utterance):
    return Request(read_audio(utterance.audio_path), share_silence(utterance.words))


def test_a_version_has_the_layout_that_tensorflow_serving_reads(exported, trained):
    assert exported.folder.name == "1"
    files = {str(path.relative_to(exported.folder)) for path in exported.folder.rglob("*") if path.is_file()}
    assert {
        "saved_model.pb",
        "variables/variables.index",
        "assets/vocabulary.txt",
        "assets/labels.txt",
        "assets.extra/tf_serving_warmup_requests",
        "model_card.md",
    } <= files
    assert sorted(path.name for path in exported.folder.parent.iterdir()) == [".lock", "1"]
    assert changes(exported.folder) == []
    assert "NOTICE.txt" not in files
    assert set(read_checksums(exported.folder)) == files - {"SHA256SUMS"}
    labels = (exported.folder / "assets" / "labels.txt").read_text().split()
    assert labels == list(trained.records.labels)


def test_the_model_card_tells_data_protocol_metrics_use_and_license(exported, trained):
    card = (exported.folder / "model_card.md").read_text()
    metrics = json.loads((trained.run / "metrics.json").read_text())
    for text in (
        "synthetic demo corpus",
        "eSpeak NG",
        "`paper`",
        f"{metrics['ua']:.3f}",
        "## Limits",
        "License of the training data",
    ):
        assert text in card


def test_every_signature_gives_keras_probabilities_in_a_process_with_neither_can_tf_nor_keras(
    exported, trained, tmp_path
):
    requests = warm_up_requests(json.loads((trained.run / "model.json").read_text())["vocabulary"], Mfcc(), 0.1)
    expected = keras_probabilities(trained.model, cut(dict(requests)["features"]))
    program = tmp_path / "program.py"  # By itself, with nothing of this project on its path.
    program.write_text(Path(export_module.__file__).with_name("loader_check.py").read_text())
    arguments = [str(exported.folder), str(tmp_path / "outputs.npz"), str(os.getpid())]
    command = [os.sys.executable, "-I", str(program), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    ops = json.loads(done.stdout.splitlines()[-1])["ops"]
    assert "BlockLSTM" in ops
    assert not [op for op in ops if "IO>" in op or "PyFunc" in op or op.startswith("Xla")]
    outputs = np.load(tmp_path / "outputs.npz")
    for number, (signature, _) in enumerate(requests):
        if signature == "frames":
            frames = cut(dict(requests)["features"])["frames"]
            np.testing.assert_allclose(outputs[f"{number}/frames"], frames, atol=1e-3)
            continue
        for name in PROBABILITIES:
            np.testing.assert_allclose(outputs[f"{number}/{name}"], expected[name], atol=1e-5, err_msg=signature)


def test_a_c_program_gives_the_same_probabilities(exported, local_model, trained, tmp_path):
    utterance = next(iter(trained.utterances.values()))
    request = request_of(utterance)
    (tmp_path / "a.wav").write_bytes(wav_bytes(request.samples))
    answer = probabilities_by_c(exported.folder, tmp_path / "a.wav", request.words, tmp_path)
    [expected] = local_model.answer(inputs_of([request]))["probabilities"]
    np.testing.assert_allclose(answer, expected, atol=1e-6)


def test_serving_is_not_skewed_from_training(local_model, trained):
    order = EpochOrder(trained.records.utterances, 16)
    expected = {}
    data = batches(trained.records, order, max_segment_frames=OPTIONS.max_segment_frames)
    for stored, (inputs, _) in zip(order, data, strict=True):
        values = keras_probabilities(trained.model, inputs)
        for row, utterance in enumerate(stored):
            expected[utterance.id] = {name: values[name][row] for name in PROBABILITIES}
    assert {"short", "long", "many", "beyond"} < set(expected)
    assert len(expected) >= 100
    model = local_model
    ids = sorted(expected)
    for start in range(0, len(ids), 8):
        group = ids[start : start + 8]
        outputs = model.answer(inputs_of([request_of(trained.utterances[name]) for name in group]))
        for row, name in enumerate(group):
            for output in PROBABILITIES:
                np.testing.assert_allclose(outputs[output][row], expected[name][output], atol=1e-4, err_msg=name)


def pad_as_the_server_does(tensors):
    """Pads tensors of a batch of 1 each to one shape, each with its own first element, and joins them."""
    largest = np.max([tensor.shape for tensor in tensors], axis=0)
    return np.concatenate(
        [
            np.pad(
                tensor,
                [(0, 0), *((0, largest[axis] - tensor.shape[axis]) for axis in range(1, tensor.ndim))],
                constant_values=tensor.ravel()[0],
            )
            for tensor in tensors
        ]
    )


@pytest.mark.parametrize("signature", ["serving_default", "waveform", "features"])
def test_batches_padded_with_first_elements_answer_as_alone(loaded, signature):
    generator = np.random.default_rng(1)
    alone = []
    for count, seconds in ((2, 1.0), (5, 2.6), (1, 0.4)):
        samples = generator.normal(size=(1, round(seconds * 16_000))).astype(np.float32) * 0.1
        edges = np.linspace(0, seconds, count + 1, dtype=np.float32)[None]
        words = {
            "words": np.array([["good", "bad", "day", "x", "y"][:count]], object),
            "start": edges[:, :-1],
            "end": edges[:, 1:],
            "num_words": np.array([count], np.int32),
        }
        if signature == "serving_default":
            content = wav_bytes(samples[0])
            alone.append({"audio": np.array([content], object), **words})
        elif signature == "waveform":
            alone.append({"waveform": samples, "num_samples": np.array([samples.shape[1]], np.int32), **words})
        else:
            from can_tf.export.warm_up import features_of

            alone.append(features_of(samples, words, Mfcc(), 0.1))
    joined = {name: pad_as_the_server_does([inputs[name] for inputs in alone]) for name in alone[0]}
    together = call(loaded, signature, joined)
    for row, inputs in enumerate(alone):
        own = call(loaded, signature, inputs)
        for name in PROBABILITIES:
            np.testing.assert_allclose(together[name][row], own[name][0], atol=1e-5)
        words = inputs["words"].shape[1]
        for name in ("text_attention", "audio_attention"):
            np.testing.assert_allclose(together[name][row][:, :words], own[name][0], atol=1e-5)
            np.testing.assert_array_equal(together[name][row][:, words:], 0.0)


def test_attention_sums_to_one_and_labels_go_with_probabilities(loaded, trained):
    outputs = call(loaded, "serving_default", inputs_of([request_of(trained.utterances["many"])]))
    np.testing.assert_allclose(outputs["text_attention"].sum(axis=-1), 1.0, rtol=1e-5)
    assert outputs["text_attention"].shape == (1, OPTIONS.heads, 60)
    labels = [label.decode() for label in outputs["labels"][0]]
    assert labels == list(trained.records.labels)
    assert outputs["label"][0].decode() == labels[outputs["probabilities"][0].argmax()]


def test_features_of_more_frames_than_there_are_are_refused(loaded):
    inputs = dict(warm_up_requests(("good",), Mfcc(), 0.1))["features"]
    too_many = inputs["segment_frames"] + np.where(inputs["segment_frames"] > 0, 1000, 0).astype(np.int32)
    with pytest.raises(tf.errors.InvalidArgumentError, match="no more than frames holds"):
        call(loaded, "features", {**inputs, "segment_frames": too_many})


def test_a_stereo_recording_is_averaged(local_model, trained):
    utterance = trained.utterances["many"]
    samples, rate = soundfile.read(utterance.audio_path)
    import io

    buffer = io.BytesIO()
    soundfile.write(buffer, np.stack([samples, samples], axis=1), rate, format="WAV", subtype="PCM_16")
    model, words = local_model, share_silence(utterance.words)
    mono = model.answer(inputs_of([request_of(utterance)]))
    stereo = model.answer({**inputs_of([Request(samples, words)]), "audio": np.array([buffer.getvalue()], object)})
    np.testing.assert_allclose(stereo["probabilities"], mono["probabilities"], atol=1e-6)


def test_versions_count_up_and_a_failing_one_is_not_published(exported, trained, tmp_path, monkeypatch):
    out = tmp_path / "can"
    (out / "7").mkdir(parents=True)
    monkeypatch.setattr(export_module, "TOLERANCE", -1.0)
    with pytest.raises(ExportError, match="differs from the Keras model"):
        export_run(trained.run, out)
    assert sorted(path.name for path in out.iterdir()) == [".lock", "7"]
    (out / ".exporting" / "version").mkdir(parents=True)  # Of an export that was killed.
    monkeypatch.setattr(export_module, "TOLERANCE", 1e-5)
    assert export_run(trained.run, out).folder.name == "8"
    assert sorted(path.name for path in out.iterdir()) == [".lock", "7", "8"]


def test_warm_up_requests_are_replayed(exported, loaded):
    seen = []

    def run(signature, inputs):
        seen.append(signature)
        outputs = call(loaded, signature, inputs)
        assert np.isfinite(outputs["frames" if signature == "frames" else "probabilities"]).all()

    assert replay_warm_up(exported.folder, run) == 4
    assert seen == ["serving_default", "waveform", "features", "frames"]


def test_frames_that_are_asked_for_are_those_that_features_takes(exported, loaded, trained):
    vocabulary = json.loads((trained.run / "model.json").read_text())["vocabulary"]
    requests = dict(warm_up_requests(vocabulary, Mfcc(), 0.1))
    frames = call(loaded, "frames", requests["frames"])
    assert set(frames) == {"frames", "segment_frames"}
    again = call(loaded, "features", {**frames, "words": requests["features"]["words"]})
    expected = call(loaded, "serving_default", requests["serving_default"])
    np.testing.assert_allclose(again["probabilities"], expected["probabilities"], atol=1e-6)


def test_the_python_interface(exported, local_model, trained):
    import can_tf

    utterance = trained.utterances["many"]
    predictor = can_tf.load(exported.folder.parent)
    prediction = predictor.predict(
        utterance.audio_path, [(word.text, word.start, word.end) for word in utterance.words]
    )
    [expected] = predictions_of(local_model.answer(inputs_of([request_of(utterance)])), [request_of(utterance)])
    assert prediction.to_json() == expected.to_json()
    samples, _ = soundfile.read(utterance.audio_path, dtype="float32")
    assert predictor.predict(samples, utterance.words, sample_rate=16_000).to_json() == prediction.to_json()
    with pytest.raises(can_tf.errors.AudioError, match="samples: came without a sample rate"):
        predictor.predict(samples, utterance.words)
    assert sum(prediction.probabilities.values()) == pytest.approx(1.0, abs=1e-5)
    with pytest.raises(can_tf.errors.AlignmentError, match="alignment ends at 99"):
        predictor.predict((samples, 16_000), [("a", 0.0, 99.0)])
    with pytest.raises(ExportError, match="holds no exported model"):
        load(trained.run)


def test_what_signatures_share_is_in_the_graph_once(exported):
    saved = saved_model_pb2.SavedModel.FromString((exported.folder / "saved_model.pb").read_bytes())
    names = [function.signature.name for function in saved.meta_graphs[0].graph_def.library.function]
    for shared in ("segments_of_words", "answer_of_segments", "packing_of"):
        assert sum(shared in name for name in names) == 1, names
