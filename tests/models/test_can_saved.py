"""The CAN and its variants written to disk and read back: by Keras, as a SavedModel, with their attention."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from can_tf.models.can import with_attention
from can_tf.models.registry import VARIANTS, build
from tests.models.small_can import CONFIG, batch


@pytest.mark.parametrize("name", list(VARIANTS))
def test_a_saved_model_gives_the_same_outputs(tmp_path, name):
    model = build(name, CONFIG)
    inputs = batch([[2, 5, 1], [3]])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    for output, logits in model(inputs).items():
        np.testing.assert_array_equal(logits, loaded(inputs)[output])


def test_it_answers_in_the_loader_of_tensorflow_serving_with_stock_operations_alone(tmp_path):
    model = build("can", CONFIG)
    archive = keras.export.ExportArchive()
    archive.track(model)
    signature = {
        "words": tf.TensorSpec([None, None], tf.string, "words"),
        "frames": tf.TensorSpec([None, None, None, 4], tf.float32, "frames"),
        "segment_frames": tf.TensorSpec([None, None], tf.int32, "segment_frames"),
    }
    archive.add_endpoint("serve", lambda inputs: model(inputs, training=False), [signature])
    archive.write_out(str(tmp_path / "1"), verbose=False)
    inputs = batch([[2, 5, 1], [3]])
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        loaded = tf.compat.v1.saved_model.load(session, ["serve"], str(tmp_path / "1"))
        definition = loaded.signature_def["serve"]
        feed = {tensor.name: inputs[name].numpy() for name, tensor in definition.inputs.items()}
        logits = session.run({name: tensor.name for name, tensor in definition.outputs.items()}, feed)
        functions = loaded.graph_def.library.function
        operations = {node.op for graph in (loaded.graph_def, *functions) for node in getattr(graph, "node", ())}
        operations |= {node.op for function in functions for node in function.node_def}
    for name, values in model(inputs).items():
        np.testing.assert_allclose(logits[name], values, atol=1e-5)
    assert "BlockLSTM" in operations
    assert not [name for name in operations if ">" in name or name in ("PyFunc", "EagerPyFunc", "XlaLaunch")]


def test_keras_own_export_works(tmp_path):
    model = build("can", CONFIG)
    inputs = batch([[2, 5, 1], [3]])
    model.export(str(tmp_path / "1"), verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "1"))
    served = loaded.serve(inputs)
    np.testing.assert_allclose(served["fused"], model(inputs)["fused"], atol=1e-5)


@pytest.mark.parametrize("name", [name for name in VARIANTS if name.startswith("can")])
def test_the_can_and_its_ablations_show_their_attention(name, tmp_path):
    model = build(name, CONFIG)
    for layer in model.layers:
        if "attention" in layer.name:  # Far from the even attention of a new model.
            layer.set_weights([100 * weight for weight in layer.get_weights()])
    model.save(tmp_path / "model.keras")
    inputs = batch([[2, 5, 1], [3]])
    outputs = with_attention(keras.models.load_model(tmp_path / "model.keras"))(inputs)
    np.testing.assert_allclose(outputs["fused"], model(inputs)["fused"], atol=1e-6)
    for side in ("text_attention", "audio_attention"):
        assert outputs[side].shape == (2, CONFIG.heads, 3)
        np.testing.assert_allclose(tf.reduce_sum(outputs[side], axis=-1), 1.0, rtol=1e-5)
        np.testing.assert_array_equal(outputs[side][1, :, 1:], 0.0)
    assert not np.allclose(outputs["text_attention"], outputs["audio_attention"], atol=1e-2)
