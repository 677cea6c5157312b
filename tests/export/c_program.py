"""Asks an export through TensorFlow's C API."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from can_tf.alignment.word import Word

_INPUTS = ("audio", "words", "start", "end", "num_words")


def probabilities_by_c(version: Path, wav: Path, words: Sequence[Word], folder: Path) -> np.ndarray:
    """Returns the probabilities of a recording, as a C program gets them, which is compiled into a folder."""
    assert shutil.which("gcc"), "this test compiles a C program: install gcc"
    package = Path(tf.__file__).parent
    program = folder / "run_saved_model"
    source = Path(__file__).with_name("run_saved_model.c")
    libraries = ["-l:libtensorflow_cc.so.2", "-l:libtensorflow_framework.so.2", f"-Wl,-rpath,{package}"]
    subprocess.run(
        ["gcc", "-O1", "-o", program, source, f"-I{package}/include", f"-L{package}", *libraries], check=True
    )
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        loaded = tf.compat.v1.saved_model.load(session, ["serve"], str(version))
    signature = loaded.signature_def["serving_default"]
    names = [signature.inputs[name].name for name in _INPUTS]
    done = subprocess.run(
        [program, version, wav, *names, signature.outputs["probabilities"].name],
        input="".join(f"{word.text} {word.start} {word.end}\n" for word in words).encode(),
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return np.array(done.stdout.split(), float)
