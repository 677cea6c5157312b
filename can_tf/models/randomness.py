"""Randomness that an interrupted training takes up where it was: seeded before each epoch, or refused.

A Keras seed generator is a counter-based stream whose state is a variable of its layer. It is set before each epoch to
a function of seed and epoch, wherever in the model the layer is. Whatever else is random in a model (Keras's global
generator, TensorFlow's stateful operations, `tf.random.Generator`, Python functions) has a state that no checkpoint
holds.
"""

import hashlib
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

# Of TensorFlow's operations, those whose answer is random and no function of their inputs, or Python's.
_STATEFUL = {
    *("RandomUniform", "RandomUniformInt", "RandomStandardNormal", "ParameterizedTruncatedNormal", "TruncatedNormal"),
    *("Multinomial", "RandomGamma", "RandomPoisson", "RandomPoissonV2", "RandomShuffle", "RandomCrop"),
    *("NonDeterministicInts", "StatefulRandomBinomial", "RecordInput", "FixedUnigramCandidateSampler"),
    *("LearnedUnigramCandidateSampler", "LogUniformCandidateSampler", "UniformCandidateSampler"),
    *("ThreadUnsafeUnigramCandidateSampler", "AllCandidateSampler", "SampleDistortedBoundingBoxV2"),
    *("PyFunc", "PyFuncStateless", "EagerPyFunc"),
}


def seed_epoch(model: keras.Model, seed: int, epoch: int) -> None:
    """Sets every seed generator of a model to where an epoch begins.

    Args:
        model: Built.
        seed: Of the training.
        epoch: From 0.
    """
    for index, state in enumerate(_seed_states(model)):
        digest = hashlib.sha256(f"{seed}:{index}:{epoch}".encode()).digest()
        # The second number counts what is drawn, from 0.
        state.assign(np.array([int.from_bytes(digest[:4], "little"), 0], np.uint32))


def _seed_states(model: keras.Model) -> list[keras.Variable]:
    """Returns the states of all seed generators: Keras counts them to the variables, and not to the weights."""
    weights = {id(weight) for weight in model.weights}
    return [variable for variable in model.variables if id(variable) not in weights]


def unseeded_randomness(model: keras.Model) -> str | None:
    """Returns what is random in a model and not reached by `seed_epoch`, None if nothing is.

    It looks at the graph of one step forward, which takes a second or two to trace.

    Args:
        model: Built; its inputs are a dict.
    """
    specs = {name: tf.TensorSpec(tensor.shape, tensor.dtype) for name, tensor in model.input.items()}
    forward = tf.function(lambda inputs: model(inputs, training=True), [specs], autograph=False)
    graph = forward.get_concrete_function().graph
    stateful = sorted(_STATEFUL & set(_operations(graph)))
    if stateful:
        return f"the operation {stateful[0]}"
    # A variable that devices share has a part on each.
    values = [variable.value for variable in model.variables]
    own = {id(part) for value in values for part in (value, *getattr(value, "values", ()))}
    outside = [variable.name for variable in graph.variables if id(variable) not in own]
    return f"the variable {outside[0]}, which is no part of the model" if outside else None


def _operations(graph: tf.Graph) -> Iterator[str]:
    """Yields the types of a graph's operations and of those in the functions that it calls."""
    definition = graph.as_graph_def()
    for node in definition.node:
        yield node.op
    for function in definition.library.function:
        for node in function.node_def:
            yield node.op
