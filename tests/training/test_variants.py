"""What a variant has to build, and what is refused before a training rather than after it."""

import dataclasses
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner

from can_tf.cli.main import main
from can_tf.errors import ConfigError, ExportError
from can_tf.export.write import export_run
from can_tf.layers import GlobalAttention
from can_tf.models.can import encoders, head, model_inputs
from can_tf.models.config import ModelConfig
from can_tf.models.contract import check_model
from can_tf.models.randomness import seed_epoch, unseeded_randomness
from can_tf.models.registry import VARIANTS, build, variant
from can_tf.training.fit import train_fold
from can_tf.training.options import TrainOptions

OPTIONS = TrainOptions(units=2, heads=1, epochs=3, batch_size=32)
CONFIG = ModelConfig(
    labels=("calm", "loud"), vocabulary=("day",), frame_mean=(0.0,) * 4, frame_variance=(1.0,) * 4, units=2
)


@keras.saving.register_keras_serializable(package="test_variants")
class Draws(keras.layers.Layer):
    """Adds noise, drawn in one of several ways, and drops some of it in a layer within."""

    def __init__(self, way="seeded", **kwargs):
        super().__init__(**kwargs)
        self.way = way
        self.dropout = keras.layers.Dropout(0.5)
        self.generator = keras.random.SeedGenerator(1)
        self.foreign = tf.random.Generator.from_seed(1)

    def call(self, states, training=False):
        if not training:
            return states
        draw = {
            "seeded": lambda: keras.random.normal([1, 1, 4], seed=self.generator),
            "Keras's global generator": lambda: keras.random.normal([1, 1, 4]),
            "a stateful operation": lambda: tf.random.normal([1, 1, 4]),
            "a stateful operation in a function": lambda: tf.map_fn(lambda _: tf.random.normal([1, 4]), tf.zeros([1])),
            "a generator of TensorFlow's": lambda: self.foreign.normal([1, 1, 4]),
            "Python": lambda: tf.reshape(tf.numpy_function(lambda: np.float32(4), [], tf.float32), [1, 1, 1]),
        }
        return self.dropout(states, training=True) + 0.01 * draw[self.way]()

    def compute_output_shape(self, shape):
        return shape

    def get_config(self):
        return {**super().get_config(), "way": self.way}


def noisy(config, embeddings, way="seeded"):
    """A model like the CAN without cross attention, whose states are noisy in a layer of its own."""
    inputs, text_states, audio_states, mask = encoders(config, embeddings)
    text = GlobalAttention(config.heads, name="text_attention")(Draws(way)(text_states), mask)["context"]
    audio = GlobalAttention(config.heads, name="audio_attention")(audio_states, mask)["context"]
    contexts = keras.layers.Concatenate()([text, audio])
    return keras.Model(inputs, {"fused": head(config, "fused")(contexts)})


@pytest.fixture
def added():
    """Registers variants for the time of a test."""
    before = dict(VARIANTS)
    yield variant
    VARIANTS.clear()
    VARIANTS.update(before)


def test_a_variant_of_ones_own_trains_resumes_exactly_and_is_exported(added, tone_records, tmp_path):
    added("noisy", reads="segments", exportable=True)(noisy)
    options = dataclasses.replace(OPTIONS, model="noisy")
    undisturbed = train_fold(tone_records, tmp_path / "whole", options)

    def stop_in_the_second_epoch(event):
        if event.work == "Epoch 2":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_fold(tone_records, tmp_path / "run", options, stop_in_the_second_epoch)
    resumed = train_fold(tone_records, tmp_path / "run", options)
    assert resumed["weights_sha256"] == undisturbed["weights_sha256"]
    exported = export_run(tmp_path / "run", tmp_path / "models" / "noisy")
    assert max(exported.differences.values()) <= 1e-5


def test_the_command_line_knows_a_variant_that_was_added(added, tmp_path):
    added("noisy", reads="segments")(noisy)
    command = ["train", "--records", str(tmp_path), "--model"]
    assert "holds no finished records" in CliRunner().invoke(main, [*command, "noisy"]).output
    unknown = CliRunner().invoke(main, [*command, "cannot"])
    assert unknown.exit_code == 2
    assert "'cannot' is not one of 'can', 'can-no-stop-gradient'" in unknown.output
    assert "noisy" in CliRunner().invoke(main, ["train", "--help"]).output


def test_an_unknown_variant_in_a_config_file_is_one_line(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model": "cannot"}))
    refused = CliRunner().invoke(main, ["train", "--config", str(tmp_path / "config.json")])
    assert refused.exit_code == 1
    assert refused.output.startswith("Error: there is no model 'cannot'; expected one of audio, can, can-no")


@pytest.mark.parametrize(
    "way, what",
    [
        ("Keras's global generator", "the variable .*seed_generator.*, which is no part of the model"),
        ("a stateful operation", "the operation RandomStandardNormal"),
        ("a stateful operation in a function", "the operation RandomStandardNormal"),
        ("a generator of TensorFlow's", "the variable StateVar.*, which is no part of the model"),
        ("Python", "the operation .*PyFunc"),
    ],
)
def test_randomness_that_cannot_be_seeded_is_refused(way, what):
    with pytest.raises(ConfigError, match=f"model noisy: its randomness cannot be seeded .{what}"):
        check_model("noisy", noisy(CONFIG, None, way), CONFIG, exportable=True)


def test_every_generator_is_seeded_by_seed_and_epoch_however_deep():
    model = noisy(CONFIG, None)
    check_model("noisy", model, CONFIG, exportable=True)
    layer = next(layer for layer in model.layers if isinstance(layer, Draws))
    generators = [
        layer.generator,
        layer.dropout.seed_generator,
        *(model.get_layer(f"{name}_dropout").seed_generator for name in ("text", "audio")),
    ]

    def states(seed, epoch):
        seed_epoch(model, seed, epoch)
        return [tuple(np.array(generator.state)) for generator in generators]

    first = states(0, 0)
    assert len({*first, *states(0, 1), *states(1, 0), *states(0, 5000)}) == 16
    assert states(0, 0) == first


@pytest.mark.parametrize("name", ["can", "learned-alignment"])
def test_the_layers_of_can_tf_have_no_other_randomness(name):
    assert unseeded_randomness(build(name, CONFIG)) is None


def plain(outputs, inputs=None):
    """A model of the right inputs whose outputs are made from the words' states, mean over time."""
    made, text_states, _, mask = encoders(CONFIG, None)
    context = GlobalAttention(1, name="text_attention")(text_states, mask)["context"]
    return keras.Model(inputs or made, outputs(context))


@pytest.mark.parametrize(
    "model, message",
    [
        (lambda: plain(lambda states: {"logits": head(CONFIG, "fused")(states)}), "its outputs are logits; expected"),
        (lambda: plain(lambda states: head(CONFIG, "fused")(states)), "its outputs are KerasTensor; expected a dict"),
        (lambda: plain(lambda states: {"fused": keras.layers.Dense(3)(states)}), "fused has the shape .None, 3."),
        (lambda: plain(lambda states: {"fused": head(CONFIG, "fused")(states)}), "its attention weights are not found"),
        (
            lambda: plain(lambda states: {"fused": keras.layers.Lambda(lambda x: x[:, :2])(states)}),
            "it holds a Lambda, which cannot be loaded again",
        ),
        (
            lambda: keras.Sequential([keras.layers.Dense(2)]),
            "its inputs are .*; expected a dict of words, frames, segment_frames",
        ),
        (
            lambda: keras.Model(words := keras.Input([2]), {"fused": keras.layers.Dense(2)(words)}),
            "its inputs are KerasTensor; expected a dict of words, frames, segment_frames",
        ),
    ],
)
def test_a_model_that_breaks_the_contract_is_refused(model, message):
    with pytest.raises(ConfigError, match=f"model mine: .*{message}.*registry.py says what a variant has to build"):
        check_model("mine", model(), CONFIG, exportable=True)


def test_a_layer_that_no_class_is_registered_for_is_refused():
    class Mine(keras.layers.Layer):
        def call(self, states):
            return states

    model = plain(lambda states: {"fused": head(CONFIG, "fused")(Mine()(states))})
    with pytest.raises(ConfigError, match="it holds a Mine, which cannot be loaded again"):
        check_model("mine", model, CONFIG, exportable=False)


def test_a_model_that_breaks_the_contract_is_refused_before_the_first_epoch(added, tone_records, tmp_path):
    @added("mine", reads="segments", exportable=True)
    def _mine(config, embeddings):
        inputs = model_inputs(config)
        frames = keras.layers.GlobalAveragePooling2D()(inputs["frames"])
        return keras.Model(inputs, {"fused": head(config, "fused")(frames)})

    events = []
    with pytest.raises(ConfigError, match="model mine: its attention weights are not found"):
        train_fold(tone_records, tmp_path / "run", dataclasses.replace(OPTIONS, model="mine"), events.append)
    assert not [event for event in events if event.unit in ("batches", "epochs")]


def test_a_baseline_says_at_its_start_that_it_cannot_be_exported_and_is_refused_by_the_export(tone_records, tmp_path):
    events = []
    options = dataclasses.replace(OPTIONS, model="text", epochs=1)
    train_fold(tone_records, tmp_path / "run", options, events.append)
    lines = [event.line() for event in events]
    [line] = [line for line in lines if "cannot be exported" in line]
    assert "only the CAN and its ablations are exported, and this is text" in line
    assert lines.index(line) < next(place for place, line in enumerate(lines) if line.startswith("Epoch 1"))
    with pytest.raises(ExportError, match="only the CAN and its ablations are exported, and this is text"):
        export_run(tmp_path / "run", tmp_path / "models")
