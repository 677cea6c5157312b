"""`can-tf export`: a finished run becomes the next version of a SavedModel that TensorFlow Serving loads.

It is written to a folder beside the versions, checked there, and renamed: a server never sees half of one, and a
version that fails its check is never published. The check goes through the server's own way of loading
(`can_tf.export.loader_check`), in a process without can_tf and Keras. Exports into one folder take turns.
"""

import contextlib
import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from can_tf.checksums import checksums_of, write_checksums
from can_tf.errors import ExportError
from can_tf.export.card import model_card
from can_tf.export.cross_validations import read_cross_validations
from can_tf.export.graph import ServedModel
from can_tf.export.licenses import NOTICE_FILE, notices_of
from can_tf.export.trained import TrainedModel, load_run
from can_tf.export.warm_up import WarmUpRequest, warm_up_requests, write_warm_up
from can_tf.features.speakers import standardized_alone
from can_tf.files import flush, flush_folder, naming_disk_errors, without_patterns, write_json
from can_tf.locks import alone_in
from can_tf.models.config import ModelConfig
from can_tf.models.losses import SINGLE_MODALITIES, final_log_probabilities
from can_tf.prediction.description import DESCRIPTION_FILE
from can_tf.training.calibration import scaled

CARD_FILE = "model_card.md"
TOLERANCE = 1e-5
FRAMES_TOLERANCE = 1e-3  # Frames are far larger than probabilities: some are in the tens.
_LONGEST_WAIT_SECONDS = 600  # For another export into the same folder, which takes half a minute.
# Ops that are registered in any TensorFlow, and not, or not always, in a server.
_NOT_IN_A_SERVER = {"PyFunc", "PyFuncStateless", "EagerPyFunc", "XlaLaunch", "XlaCompile", "XlaRun"}


@dataclasses.dataclass(frozen=True)
class Exported:
    """A published version.

    Attributes:
        folder: Where it is.
        differences: The largest difference from the Keras model by signature.
        ops: How many ops it uses.
        temperature: That of its `calibrated_probabilities`; None if it gives none.
    """

    folder: Path
    differences: Mapping[str, float]
    ops: int
    temperature: float | None


def export_run(run: Path, out: Path, *, calibrated: bool = False, cross_validations: Sequence[Path] = ()) -> Exported:
    """Exports a run's model as the next version in `out`.

    Args:
        run: A finished run folder.
        out: The model's folder, of which the name is the model's for the server; made if missing.
        calibrated: Whether signatures give `calibrated_probabilities` too, at the run's temperature.
        cross_validations: Folders of `can-tf cross-validate`, of trainings like the run's: what the model card says of
            them, beside the run's own fold.

    Raises:
        RunError: The run is not finished, its files are damaged, or a cross-validation is of other trainings.
        ExportError: The run's segmentation cannot be served, or the version failed its check.
        BusyError: Another export into the same folder does not end.

    Example:
        >>> exported = export_run(Path("runs/can"), Path("saved_models/new"))
        >>> exported.folder.name, max(exported.differences.values()) < TOLERANCE
        ('1', True)
    """
    trained = load_run(run, calibrated=calibrated)
    summaries = read_cross_validations(cross_validations, run, trained.config)
    out.mkdir(parents=True, exist_ok=True)
    with alone_in(out, wait_seconds=_LONGEST_WAIT_SECONDS), _working_folder(out) as working:
        version = working / "version"
        requests = warm_up_requests(trained.model_config.vocabulary, trained.front_end, trained.overlap)
        write_saved_model(trained.served, trained.model_config, version)
        write_warm_up(version, out.name, requests)
        _write_about(version, trained, summaries)
        differences, ops = _check(version, trained.served, requests)
        files = [path.relative_to(version).as_posix() for path in version.rglob("*") if path.is_file()]
        write_checksums(version, checksums_of(version, files))
        return Exported(_publish(version, out), differences, ops, trained.served.temperature)


@contextlib.contextmanager
def _working_folder(out: Path) -> Iterator[Path]:
    """Gives an empty folder in a model's folder, hidden from servers, and removes it, or what a kill has left of it."""
    working = out / ".exporting"
    if working.exists():
        shutil.rmtree(working)
    working.mkdir()
    try:
        with naming_disk_errors(out):
            yield working
    finally:
        shutil.rmtree(working, ignore_errors=True)


def write_saved_model(served: ServedModel, config: ModelConfig, version: Path) -> None:
    """Writes a model with its signatures, unchecked, to an empty folder or one to be made."""
    signatures = {name: function.get_concrete_function() for name, function in served.functions.items()}
    tf.saved_model.save(served.state(), str(version), signatures)
    for name, lines in (("vocabulary", config.vocabulary), ("labels", config.labels)):  # For people and clients.
        (version / "assets" / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _write_about(version: Path, trained: TrainedModel, cross_validations: Sequence[Mapping[str, Any]]) -> None:
    """Writes what is to be known of a version: for clients as JSON, for people the card and the notices."""
    config, calibration = trained.config, trained.calibration
    description = {
        "labels": list(trained.model_config.labels),
        "alpha": trained.model_config.alpha,
        "options": config["options"],
        # Where they were on this machine is nothing to pass on.
        "records": {name: value for name, value in config["records"].items() if name != "folder"},
        "versions": config["versions"],
        "metrics": dict(trained.metrics),
        "calibration": calibration and calibration.to_json(),
        "cross_validations": list(cross_validations),
    }
    write_json(version / DESCRIPTION_FILE, description)
    card = model_card(config, trained.metrics, trained.model_config, calibration, cross_validations)
    (version / CARD_FILE).write_text(card, encoding="utf-8")
    if notices := notices_of(config["records"]):
        (version / NOTICE_FILE).write_text(notices, encoding="utf-8")


def _check(version: Path, served: ServedModel, requests: Sequence[WarmUpRequest]) -> tuple[dict[str, float], int]:
    outputs, ops = _answers_of_the_loader(version)
    forbidden = sorted(_NOT_IN_A_SERVER & set(ops))
    if forbidden:
        raise ExportError(f"the exported graph uses {', '.join(forbidden)}, which TensorFlow Serving does not have")
    features = _cut(served, dict(requests)["features"])
    of_audio = _keras_answer(served, _standardized(served, features))
    expected_of = {
        "frames": {name: features[name] for name in ("frames", "segment_frames")},
        "features": _keras_answer(served, features),
    }
    differences = {}
    for number, (signature, _) in enumerate(requests):
        expected = expected_of.get(signature, of_audio)
        tolerance = FRAMES_TOLERANCE if signature == "frames" else TOLERANCE
        differences[signature] = max(
            float(np.abs(outputs[f"{number}/{name}"] - values).max()) for name, values in expected.items()
        )
        if not differences[signature] <= tolerance:  # NaN too.
            raise ExportError(
                f"the exported signature {signature} differs from the Keras model by {differences[signature]:.2g}, "
                f"more than {tolerance:g}; nothing was published"
            )
    return differences, len(ops)


def _cut(served: ServedModel, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Returns the inputs of the signature `features` with segments cut as in training."""
    most = served.max_segment_frames
    return {
        "words": inputs["words"],
        "frames": inputs["frames"][:, :, :most],
        "segment_frames": np.minimum(inputs["segment_frames"], most),
    }


def _standardized(served: ServedModel, features: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Returns the inputs of the signature `features` as the other signatures make them of audio."""
    if served.normalize == "none":
        return dict(features)
    frames, counts = features["frames"], features["segment_frames"]
    by_segment = tf.RaggedTensor.from_tensor(frames.reshape(-1, *frames.shape[2:]), lengths=counts.reshape(-1))
    by_word = tf.RaggedTensor.from_uniform_row_length(by_segment, frames.shape[1])
    return {**features, "frames": standardized_alone(by_word).to_tensor(shape=frames.shape).numpy()}


def _keras_answer(served: ServedModel, features: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Returns what the Keras model says of features made by `build-records`' function."""
    outputs = served.model(features, training=False)
    # In float64, as temperatures are fitted: a small probability is none in float32.
    probabilities = np.exp(np.asarray(final_log_probabilities(outputs, served.alpha), np.float64))
    answer = {
        "probabilities": probabilities,
        **{name: np.asarray(outputs[name]) for name in ("text_attention", "audio_attention")},
    }
    for name in ("fused", *SINGLE_MODALITIES):
        if name in outputs:
            answer[f"{name}_probabilities"] = np.asarray(keras.ops.softmax(outputs[name]))
    if served.temperature is not None:
        answer["calibrated_probabilities"] = scaled(probabilities, served.temperature)
    return answer


def _answers_of_the_loader(version: Path) -> tuple[dict[str, np.ndarray], list[str]]:
    path = version.parent / "outputs.npz"
    with without_patterns(version) as folder:
        # Isolated, so that the modules beside the program are not in the way of those of the same name elsewhere.
        program = str(Path(__file__).with_name("loader_check.py"))
        command = [sys.executable, "-I", program, str(folder), str(path), str(os.getpid())]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise ExportError(f"the exported version does not load as a server loads it: {last[0]}; nothing was published")
    report = json.loads(done.stdout.strip().splitlines()[-1])
    with np.load(path, allow_pickle=False) as file:
        return dict(file), report["ops"]


def _publish(version: Path, out: Path) -> Path:
    """Renames a version's folder, once all of it is on the disk, to the next number."""
    flush_folder(version)
    number = max((int(path.name) for path in out.iterdir() if path.name.isdecimal()), default=0) + 1
    published = version.rename(out / str(number))
    flush(out)
    return published
