"""The parsers of what belongs to more than one kind of folder, or to one that is not finished."""

import io
import json
import math
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np

from can_tf.checksums import fault_of, read_checksums, read_sealed
from can_tf.files import sha256_of_file
from can_tf.records.build import read_plan
from can_tf.training.checkpoint import load_variables
from tests.fuzz import records
from tests.fuzz.parser import Parser, binary_parser, sealed, sealed_parser, text_parser

CHECKSUMS = f"{'0' * 63}1  dataset.json\n{'f' * 64}  assets/vocabulary.txt\n"
PLAN = {**records.DESCRIPTION, "versions": {"tensorflow": "2.16.2"}, "git_commit": None}
SEALED = {"name": "caf\u00e9 \udce9", "history": [{"loss": 0.1}, {"loss": math.inf}], "sums": {"": [None, True, -0.0]}}


def _model() -> keras.Model:
    model = keras.Sequential([keras.Input([2]), keras.layers.Dense(3)])
    model.compile("sgd", "mse")
    model.optimizer.build(model.trainable_variables)
    return model


MODEL = _model()


def _variables() -> bytes:
    content = io.BytesIO()
    owners = {"model": MODEL.variables, "optimizer": MODEL.optimizer.variables}
    named = {f"{owner}-{index}": each for owner, found in owners.items() for index, each in enumerate(found)}
    np.savez(content, **{name: np.array(variable) for name, variable in named.items()})
    return content.getvalue()


def _checksums(content: bytes, folder: Path) -> None:
    (folder / "SHA256SUMS").write_bytes(content)
    fault = fault_of(folder, "dataset.json")
    checksums = read_checksums(folder)
    assert (fault is None) == (checksums.get("dataset.json") in (None, sha256_of_file(folder / "dataset.json")))
    for name, sha256 in checksums.items():
        assert (folder / name).resolve().is_relative_to(folder.resolve())
        assert int(sha256, 16) >= 0


def _sealed(content: bytes, folder: Path) -> None:
    (folder / "sealed.json").write_bytes(content)
    assert read_sealed(folder / "sealed.json") == SEALED


def _plan(content: bytes, folder: Path) -> None:
    path = folder / "plan.json"
    path.write_bytes(content)
    assert isinstance(read_plan(path)["versions"], dict)


def _checkpoint(content: bytes, folder: Path) -> None:
    path = folder / "epoch-0000.npz"
    path.write_bytes(content)
    load_variables(MODEL, path)


PARSERS: Mapping[str, Parser] = {
    "SHA256SUMS": text_parser([CHECKSUMS], _checksums, prepare=records.prepare),
    "sealed JSON": text_parser([sealed(json.dumps(SEALED).encode()).decode()], _sealed, refusals=(ValueError,)),
    "plan.json": sealed_parser([PLAN], _plan),
    "checkpoint": binary_parser([_variables()], _checkpoint),
}
