"""What records hold, what to watch out for in them, and what parts of their folds share: counts, durations, leakage."""

import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from can_tf.errors import ConfigError
from can_tf.records.dataset import Dataset
from can_tf.report.counts import counts_by_corpus, paper_counts
from can_tf.report.expected import SHARE, expected_of_records
from can_tf.report.pitfall import Pitfall
from can_tf.report.pitfalls import find_pitfalls
from can_tf.report.tables import format_table
from can_tf.training.folds import PROTOCOLS
from can_tf.training.leakage import SHARED, shared_with_training

_REJECTS_SHOWN = 5


def inspect_records(dataset: Dataset, *, leakage: bool = False) -> dict[str, Any]:
    """Returns what records hold, as values of JSON.

    Args:
        dataset: The records.
        leakage: Whether to count, by protocol, what utterances share with training when they test.

    Returns:
        Of the records' description `corpus`, `labels`, `segmentation`, `features`, `counts` and `excluded`;
        `paper_counts` by label where they can be compared; `counts_by_corpus` of several; `utterances`, `hours`,
        `speakers`, `sessions`, `scenarios` and `vocabulary` as numbers; `distributions` of an utterance's seconds,
        words and longest segment; `rejected`, one row each; `pitfalls`, what to watch out for, with the fields of
        `can_tf.report.pitfall.Pitfall`; `half_widths` of the 95 % intervals of `wa` and `ua` to expect at a score of
        `share`, over the `utterances` of a random `fold` and of `all` test sets together; and perhaps `leakage`: counts
        by protocol and by what is shared, or why the corpus does not allow the protocol.

    Example:
        >>> from pathlib import Path
        >>> from can_tf.records.dataset import load_dataset
        >>> summary = inspect_records(load_dataset(Path("data/records")))
        >>> summary["corpus"]["synthetic"], summary["labels"][0]
        (True, 'ang')
    """
    utterances, description = dataset.utterances, dataset.description
    values: dict[str, list[float]] = {
        "seconds": [utterance.seconds for utterance in utterances],
        "words": [len(utterance.words.split(" ")) for utterance in utterances],
        "longest segment (frames)": [utterance.longest_segment for utterance in utterances],
    }
    kept = ("corpus", "labels", "segmentation", "features", "counts", "excluded")
    return {
        **{name: description[name] for name in kept},
        "paper_counts": paper_counts(dataset),
        **({"counts_by_corpus": by_corpus} if (by_corpus := counts_by_corpus(dataset)) else {}),
        "utterances": len(utterances),
        "hours": round(sum(values["seconds"]) / 3600, 3),
        "speakers": len({utterance.speaker for utterance in utterances}),
        "sessions": len({utterance.session for utterance in utterances}),
        "scenarios": len({utterance.scenario for utterance in utterances}),
        "vocabulary": len({word for utterance in utterances for word in utterance.words.split(" ")}),
        "distributions": {name: _distribution(numbers) for name, numbers in values.items()},
        "rejected": dataset.rejected(),
        "pitfalls": [dataclasses.asdict(pitfall) for pitfall in find_pitfalls(dataset)],
        "half_widths": _half_widths(dataset),
        **({"leakage": _leakage(dataset)} if leakage else {}),
    }


def _half_widths(dataset: Dataset) -> dict[str, Any]:
    expected = expected_of_records(dataset.description["counts"])
    return {"share": SHARE, **{name: dataclasses.asdict(values) for name, values in expected.items()}}


def _leakage(dataset: Dataset) -> dict[str, dict[str, int] | str]:
    answers: dict[str, dict[str, int] | str] = {}
    for protocol in PROTOCOLS:
        if protocol == "corpus" and not counts_by_corpus(dataset):
            continue  # There is one corpus.
        try:
            answers[protocol] = shared_with_training(dataset.utterances, protocol)
        except ConfigError as error:
            answers[protocol] = str(error)
    return answers


def _distribution(values: Sequence[Any]) -> dict[str, float]:
    return {
        "smallest": min(values),
        "mean": round(statistics.fmean(values), 2),
        "median": statistics.median(values),
        "95 %": sorted(values)[int(0.95 * (len(values) - 1))],
        "largest": max(values),
        "all": round(sum(values), 1),
    }


def distributions_table(summary: Mapping[str, Any]) -> str:
    """Returns the distributions of `inspect_records` as a table."""
    distributions = summary["distributions"]
    columns = next(iter(distributions.values()))
    rows = [[name, *(f"{value:.2f}" for value in row.values())] for name, row in distributions.items()]
    return format_table(["per utterance", *columns], rows)


def leakage_table(summary: Mapping[str, Any]) -> str:
    """Returns the leakage of `inspect_records` as a table, and why some protocols are not in it."""
    rows, notes, utterances = [], [], summary["utterances"]
    for protocol, shared in summary["leakage"].items():
        if isinstance(shared, str):
            notes.append(f"{protocol}: {shared}.")
        else:
            rows.append([protocol, *(f"{count} ({count / utterances:.0%})" for count in shared.values())])
    title = f"Number of the {utterances} utterances, each tested in one fold, that share this with training:"
    return "\n".join([title, format_table(["protocol", *SHARED], rows), *notes])


def rejects_lines(summary: Mapping[str, Any]) -> list[str]:
    """Returns lines on the first utterances that were rejected; none if none was."""
    rejected = summary["rejected"]
    lines = [f"  {row['id']}: {row['reason']}" for row in rejected[:_REJECTS_SHOWN]]
    more = len(rejected) - _REJECTS_SHOWN
    return [*lines, f"  and {more} more"] if more > 0 else lines


def pitfalls_text(summary: Mapping[str, Any]) -> str:
    """Returns the pitfalls of `inspect_records`, a line each, or that none was found."""
    lines = [f"- {Pitfall(**pitfall).line()}" for pitfall in summary["pitfalls"]]
    return "\n".join(["What to watch out for:", *lines]) if lines else "Nothing to watch out for was found."
