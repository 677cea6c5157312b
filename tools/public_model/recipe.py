"""The steps from downloads to an export with its card. Each goes on where it was interrupted."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from can_tf.errors import ConfigError, RunError
from can_tf.export.write import export_run
from can_tf.features.whisper.front_end import WhisperBase
from can_tf.files import write_json
from can_tf.models.registry import why_not_exportable
from can_tf.prediction.backends import newest_version, version_folders
from can_tf.prediction.predictor import description_of
from can_tf.processes import cores
from can_tf.progress import Event, Progress, ignore
from can_tf.records.build import BuildOptions, build_records
from can_tf.records.dataset import Dataset
from can_tf.training.cross_validation import cross_validate, read_summary
from can_tf.training.fold_runs import FoldRun, check_done, plan, train_all
from can_tf.training.folds import number_of_folds, speaker_folds
from can_tf.training.options import TrainOptions
from can_tf.training.run_folder import METRICS_FILE, read_run_json
from public_model.sources import read_sources

PROTOCOLS = ("speaker", "corpus")  # Of the estimates; of one corpus, the first.
RECIPE_FILE = "recipe.json"
FOLDS = 10  # Each trains on eight of ten speakers, and validates and tests on one.
MODEL = Path("saved_models", "emotion")  # In the output folder; its name is the model's on a server.
EXPORTED_FOLD = 0  # Chosen before any score is known.
# Options that the recipe sets itself, and those by which weights of others would come into the model unsaid.
_NOT_TO_BE_SET = ("protocol", "fold", "folds", "seed", "start", "freeze", "glove")


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What a public model is made from, and how.

    Attributes:
        roots: The folder of each download, by a name in `public_model.sources.CORPORA`.
        out: Folder for records, runs and the export.
        options: Of every training, by name in `TrainOptions`; the others have their defaults.
        folds: How many folds speakers are put together in.
        quick: Whether to leave the estimates out, and train the exported fold alone.
        jobs: Trainings at once.
        workers: Processes that build records; None is one for each core.

    Raises:
        ConfigError: There is no download, an option is not to be set here, or the model cannot be exported.
    """

    roots: Mapping[str, Path]
    out: Path
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    folds: int = FOLDS
    quick: bool = False
    jobs: int = 1
    workers: int | None = None

    def __post_init__(self):
        if not self.roots:
            raise ConfigError("there is nothing to train on", expected="the folder of one corpus at least")
        if fixed := [name for name in _NOT_TO_BE_SET if name in self.options]:
            raise ConfigError(f"the options {', '.join(fixed)} are not to be set for a public model")
        if reason := why_not_exportable(self.training.model, BuildOptions().segmentation):
            raise ConfigError(f"the model {self.training.model} cannot be exported: {reason}")

    @property
    def training(self) -> TrainOptions:
        """What is asked of the trainings of the estimate by speaker, all folds alike."""
        return TrainOptions(protocol="speaker", **self.options)

    def to_json(self) -> dict[str, Any]:
        """Returns what decides the model, as values of JSON."""
        return {"corpora": sorted(self.roots), "folds": self.folds, "options": dict(self.options)}


@dataclasses.dataclass(frozen=True)
class PublicModel:
    """What came out.

    Attributes:
        version: The export's folder, with `model_card.md` and perhaps `NOTICE.txt`.
        run: The run that was exported.
        summaries: Of the cross-validations, by protocol; empty where it was to be quick.
    """

    version: Path
    run: Path
    summaries: Mapping[str, Mapping[str, Any]]


def make_public_model(recipe: Recipe, progress: Progress = ignore) -> PublicModel:
    """Builds records, trains, estimates and exports what is not done yet.

    Raises:
        CanError: A download, an option, what lies in the output folder or the machine does not allow it.
    """
    _check_begun(recipe)
    corpus = read_sources(recipe.roots, recipe.out, progress)
    recipe.out.mkdir(parents=True, exist_ok=True)
    write_json(recipe.out / RECIPE_FILE, recipe.to_json())
    dataset = build_records(
        corpus,
        recipe.out / "records",
        BuildOptions(front_end=WhisperBase()),
        workers=recipe.workers or cores(),
        progress=progress,
    )
    exported = _exported_run(recipe, dataset)
    protocols = [] if recipe.quick else PROTOCOLS[: len(recipe.roots)]
    folders = [_estimate(recipe, dataset, protocol, progress) for protocol in protocols]
    if recipe.quick:
        check_done([exported], dataset)
        _raise_first({run: failure.reason for run, failure in train_all([exported], progress=progress).items()})
    summaries = [read_summary(folder) for folder in folders]
    version = _current_version(recipe, exported.folder, summaries)
    if version is None:
        progress(Event("Exporting", note="Writing and checking the model; takes half a minute."))
        version = export_run(exported.folder, recipe.out / MODEL, calibrated=True, cross_validations=folders).folder
    else:
        progress(Event("Exporting", note=f"{version} is exported already."))
    return PublicModel(version, exported.folder, dict(zip(protocols, summaries, strict=True)))


def _check_begun(recipe: Recipe) -> None:
    """Raises RunError where something else was begun in the output folder."""
    path, asked = recipe.out / RECIPE_FILE, recipe.to_json()
    if not path.exists():
        return
    try:
        begun = json.loads(path.read_text(encoding="utf-8"))
        different = [f"{name} {begun[name]} (now {asked[name]})" for name in asked if begun[name] != asked[name]]
    except (ValueError, TypeError, KeyError) as error:
        raise RunError(f"{path}: is damaged ({error!r}). Give another --out.") from error
    if different:
        raise RunError(f"{recipe.out}: holds a model of {', '.join(different)}. Give another --out.")


def _speaker_folds(recipe: Recipe, dataset: Dataset) -> int:
    return min(recipe.folds, number_of_folds(dataset.utterances, "speaker"))


def _exported_run(recipe: Recipe, dataset: Dataset) -> FoldRun:
    """Returns the training that is exported, which is one of the estimate's too."""
    together = speaker_folds(dataset.utterances, "speaker", _speaker_folds(recipe, dataset))
    options = dataclasses.replace(recipe.training, folds=together)
    [run] = plan(options, [EXPORTED_FOLD], [0], recipe.out / "runs", dataset.folder)
    return run


def _estimate(recipe: Recipe, dataset: Dataset, protocol: str, progress: Progress) -> Path:
    """Cross-validates, and returns the folder of the result."""
    progress(Event("Training", note=f"Cross-validation by {protocol}: models tested on what they never heard."))
    result = cross_validate(
        dataset,
        dataclasses.replace(recipe.training, protocol=protocol),
        folds=_speaker_folds(recipe, dataset) if protocol == "speaker" else None,
        jobs=recipe.jobs,
        runs=recipe.out / "runs",
        progress=progress,
    )
    _raise_first(result.failures)
    return result.folder


def _raise_first(failures: Mapping[FoldRun, str]) -> None:
    for run, reason in failures.items():
        raise RunError(f"{run.folder}: failed: {reason}. Run the same command again to go on.")


def _current_version(recipe: Recipe, run: Path, summaries: Sequence[Mapping[str, Any]]) -> Path | None:
    """Returns the newest version, if it is of this run and tells of these cross-validations, or of more than none."""
    if not version_folders(recipe.out / MODEL):
        return None
    version = newest_version(recipe.out / MODEL)
    description = description_of(version)
    same = description.get("metrics") == read_run_json(run, METRICS_FILE)
    told = not summaries or description.get("cross_validations") == list(summaries)
    return version if same and told else None
