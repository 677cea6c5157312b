"""What a training is asked to do. The defaults are the paper's (Section 4.2) where it gives them.

An option is one field here. The checks, the command line's help and the space of `can-tf tune` follow from it.
"""

import dataclasses
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from can_tf.checksums import fault_of
from can_tf.errors import ConfigError, RunError
from can_tf.features.front_end import FrontEnd
from can_tf.models.config import ModelConfig
from can_tf.models.registry import VARIANTS
from can_tf.training.folds import PROTOCOLS
from can_tf.training.option_fields import Between, Bounds, Option, option, options_of_class

_LOG = logging.getLogger(__name__)
CLASS_WEIGHTS = ("none", "balanced")
NORMALIZATIONS = ("none", "speaker")
MONITORS = ("auto", "wa", "loss")
FREEZABLE = ("none", "text", "audio", "encoders")
_FROM_0, _FROM_1, _POSITIVE = Bounds(0), Bounds(1), Bounds(0, excluded=True)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """One training of one fold.

    The paper gives alpha, heads, units, dropout, batch size, learning rate, clip norm and patience. The number of
    epochs and the cut of long segments are this project's choice: neither is reached in ordinary use.

    Raises:
        ConfigError: A value is not of its option's type, or not one that the option may have.

    Example:
        >>> TrainOptions(fold=3, alpha=0.2).heads
        4
        >>> TrainOptions(dropout=1.0)
        Traceback (most recent call last):
        can_tf.errors.ConfigError: dropout must be at least 0 and below 1, got 1.0
    """

    fold: int = option(0, "Index of the fold used as the test set.", bounds=_FROM_0)
    protocol: str = option(
        "paper",
        "How utterances are split into folds: at random, or by session, speaker or scenario.",
        registry=PROTOCOLS,
    )
    folds: int = option(
        0,
        "Number of folds that speakers are put together in, with --protocol speaker.",
        bounds=_FROM_0,
        default_help="one per speaker",
    )
    model: str = option("can", "Model: the CAN, an ablation, or a baseline.", registry=VARIANTS)
    alpha: float = option(
        ModelConfig.alpha,
        "Weight of the single-modality losses and predictions (Eqs. 14 and 15).",
        bounds=_FROM_0,
        search=Between(0.01, 1.0, logarithmic=True),
    )
    heads: int = option(ModelConfig.heads, "Attention heads per modality.", bounds=_FROM_1, search=(1, 2, 4, 8))
    units: int = option(ModelConfig.units, "LSTM units per direction.", bounds=_FROM_1, search=(32, 64, 128, 256))
    dropout: float = option(
        ModelConfig.dropout, "Dropout after each BLSTM.", bounds=Bounds(0, below=1), search=Between(0.0, 0.6, step=0.1)
    )
    glove: str | None = option(
        None,
        "Word vectors in GloVe's or fastText's text format.",
        default_help="the demo's own for the demo corpus, random vectors elsewhere",
    )
    start: str | None = option(
        None,
        "Finished run whose weights the training starts from; labels and words may be others.",
        default_help="none: start anew",
        flag="from",
    )
    freeze: str = option(
        "none",
        "What stays as it is in the run of --from: none, text (word vectors and their BLSTM), audio (its BLSTMs), or "
        "encoders (both).",
        choices=FREEZABLE,
    )
    epochs: int = option(100, "Maximum number of epochs.", bounds=_FROM_1)
    patience: int = option(10, "Epochs without a better one on the validation set before stopping.", bounds=_FROM_1)
    monitor: str = option(
        "auto",
        "What tells a better epoch on the validation set: wa, loss, or auto, which goes by the features.",
        choices=MONITORS,
    )
    batch_size: int = option(64, "Utterances per batch.", bounds=_FROM_1)
    learning_rate: float = option(
        1e-3, "Learning rate for Adam.", bounds=_POSITIVE, search=Between(1e-4, 1e-2, logarithmic=True)
    )
    clip_norm: float = option(1.0, "Clip gradients to this global norm.", bounds=_POSITIVE)
    class_weight: str = option(
        "none",
        "Class weights in the loss: none, or balanced, inverse to how often a label occurs in training.",
        choices=CLASS_WEIGHTS,
    )
    # 5 s; a longer one is nearly always a silence, and a batch pads to its longest.
    max_segment_frames: int = option(500, "Cut longer segments to this many frames.", bounds=_FROM_1)
    normalize: str = option(
        "none",
        "Standardize frames by each speaker's own, in training and when asking; needs several recordings of a speaker.",
        choices=NORMALIZATIONS,
    )
    seed: int = option(0, "Random seed for folds, weights, order and dropout.", bounds=_FROM_0)
    threads: int = option(
        1,
        "Threads of one operation on the CPU; other numbers give other weights, which differ by rounding at first.",
        bounds=_FROM_1,
    )
    devices: int = option(
        1, "Number of GPUs that share each batch; without a GPU, logical devices of the CPU.", bounds=_FROM_1
    )

    def __post_init__(self):
        for name, about in OPTIONS.items():
            about.check(name, getattr(self, name), getattr(type(self), name))


OPTIONS: Mapping[str, Option] = options_of_class(TrainOptions)


def monitored(asked: str, front_end: FrontEnd) -> str:
    """Returns what early stopping goes by, `wa` or `loss`, where `--monitor` asks for one of MONITORS.

    Example:
        >>> from can_tf.features.registry import front_end
        >>> monitored("auto", front_end("whisper-base"))
        'loss'
    """
    return front_end.monitor if asked == MONITORS[0] else asked


def options_of_run(path: Path, values: Mapping[str, Any]) -> TrainOptions:
    """Returns what a run was trained with; an option that is younger than the run had its default then.

    Args:
        path: The run's `config.json`.
        values: Its options.

    Raises:
        RunError: They are damaged.
    """
    try:
        return TrainOptions(**{name: value for name, value in values.items() if name in OPTIONS})
    except ConfigError as error:
        raise RunError(f"{path}: is damaged ({error}). Take another run.") from error


def read_config(path: Path) -> dict[str, Any]:
    """Reads options from a JSON file: an object whose names are those of `TrainOptions`.

    Raises:
        ConfigError: The file is not such an object; the message names an option that does not exist.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: cannot be read as JSON ({error}).") from error
    if not isinstance(values, Mapping):
        raise ConfigError(f"{path}: expected an object of options, found {type(values).__name__}.")
    unknown = sorted(ascii(name)[1:-1][:60] for name in set(values) - set(OPTIONS))
    if unknown:
        raise ConfigError(f"{path}: no such option: {', '.join(unknown)}. The options are {', '.join(OPTIONS)}.")
    of_search = (path.parent / "search.json").exists()
    if of_search and (fault := fault_of(path.parent, path.name)):
        _LOG.warning("%s These options are taken as they are.", fault)
    return dict(values)
