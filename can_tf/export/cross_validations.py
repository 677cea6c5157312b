"""Cross-validations beside the one fold of an exported run: whether they fit it, and what its card says of them."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from can_tf.errors import RunError
from can_tf.export.markdown import plain, table
from can_tf.progress import amount
from can_tf.report.tables import INTERVAL_HEADERS, interval_rows, intervals_in_words
from can_tf.training.cross_validation import SUMMARY_FILE, read_summary
from can_tf.training.folds import PROTOCOLS
from can_tf.training.intervals import POOLED_SCORES
from can_tf.training.metrics import OTHER_PREDICTIONS, SCORE_NAMES
from can_tf.training.options import TrainOptions

_OF_A_FOLD = ("protocol", "fold", "folds", "seed")  # Options in which the trainings may differ from the run.


def read_cross_validations(folders: Sequence[Path], run: Path, config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns the summaries of cross-validations of trainings like a run's.

    Args:
        folders: What `can-tf cross-validate` wrote, `cv-can-speaker` and the like.
        run: The run's folder.
        config: The run's `config.json`.

    Raises:
        RunError: There is no summary, it is damaged, or its trainings had other options or other records than the run.
    """
    summaries = [read_summary(folder) for folder in folders]
    for folder, summary in zip(folders, summaries, strict=True):
        if different := _differences(summary, config):
            raise RunError(
                f"{folder / SUMMARY_FILE}: is of trainings with {', '.join(different)}, unlike {run}. Give a "
                "cross-validation with the run's options and records."
            )
    return summaries


def _differences(summary: Mapping[str, Any], config: Mapping[str, Any]) -> list[str]:
    default = dataclasses.asdict(TrainOptions())  # Of options that are younger than one of the two.
    theirs, own = ({**default, **of["options"]} for of in (summary, config))
    names = [name for name in default if name not in _OF_A_FOLD and theirs[name] != own[name]]
    others = summary["records"]["fingerprint"] != config["records"]["fingerprint"]
    return [f"{name} {theirs[name]}" for name in names] + ["other records"] * others


def cross_validations_section(summaries: Sequence[Mapping[str, Any]]) -> str:
    """Returns, as Markdown, what cross-validations say of models like this one; "" if there are none."""
    if not summaries:
        return ""
    intro = "Models trained like this one, each tested on its own part of the same data, tell more than one fold."
    return "\n\n".join(["## Cross-validation", intro, *map(_of_one, summaries), ""])


def _of_one(summary: Mapping[str, Any]) -> str:
    options, found = summary["options"], summary["intervals"]
    how = PROTOCOLS[options["protocol"]].description
    if options["folds"]:
        how = f"speakers put together in {options['folds']} folds, of which one tests and the next validates"
    trainings = f"{summary['done']} of {amount(summary['runs'], 'trainings')}, {amount(len(summary['seeds']), 'seeds')}"
    title = (
        f"**Protocol `{options['protocol']}`**: {how}. {trainings}; all test sets together, in brackets "
        f"{plain(intervals_in_words(found))}:"
    )
    others = [
        [name, *(f"{summary['pooled'][key][score]['mean']:.3f}" for score in POOLED_SCORES)]
        for key, name in OTHER_PREDICTIONS.items()
        if key in summary["pooled"]
    ]
    parts = [title, table(INTERVAL_HEADERS, interval_rows(found))]
    if others:
        parts.append(table(["the same test sets", *(SCORE_NAMES[score] for score in POOLED_SCORES)], others))
    return "\n\n".join(parts)
