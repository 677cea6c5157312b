"""A dataset's counts as a table, beside the paper's where they can be compared."""

from can_tf.corpus.registry import published_counts
from can_tf.records.dataset import Dataset
from can_tf.report.tables import format_table


def counts_table(dataset: Dataset) -> str:
    """Returns the utterances by label.

    Beside them stand those of each of several corpora, what was published for such a corpus, and what share of
    listeners heard the label, where that is known.
    """
    counts = dataset.description["counts"]
    total = sum(counts.values())
    columns: dict[str, list[object]] = {
        "label": [*counts, "all"],
        "synthetic" if dataset.synthetic else "here": [*counts.values(), total],
    }
    for part, found in counts_by_corpus(dataset).items():
        columns[part] = [*found.values(), sum(found.values())]
    if published := paper_counts(dataset):
        columns["published"] = [*(published[label] for label in counts), sum(published.values())]
        columns[""] = [
            *(_verdict(count, published[label]) for label, count in counts.items()),
            _verdict(total, sum(published.values())),
        ]
    if heard := dataset.description["corpus"].get("listeners"):
        rates = [heard.get(label) for label in counts]
        known = [rate for rate in rates if rate is not None]
        columns["heard"] = ["" if rate is None else f"{rate:.3f}" for rate in [*rates, sum(known) / len(known)]]
    table = format_table(list(columns), [list(row) for row in zip(*columns.values(), strict=True)])
    notes = [f"{dataset.description['rejected']} rejected"] if dataset.description["rejected"] else []
    excluded = dataset.description["excluded"]
    if excluded:
        listed = ", ".join(f"{label} {count}" for label, count in excluded.items())
        notes.append(f"{sum(excluded.values())} outside the label set ({listed})")
    lines = [f"Note: {note}" for note in dataset.description["corpus"].get("notes", [])]
    if heard:
        lines.append("heard: the share of listeners who heard the label; of all, the mean of the labels.")
    if notes:
        lines.append("Not used: " + "; ".join(notes) + ".")
    return "\n".join([table, *lines])


def counts_by_corpus(dataset: Dataset) -> dict[str, dict[str, int]]:
    """Returns the utterances by label of each of several corpora; nothing where there is one."""
    if not dataset.description["corpus"].get("parts"):
        return {}
    return {part: found["counts"] for part, found in dataset.contents().items()}


def paper_counts(dataset: Dataset) -> dict[str, int]:
    """Returns the published counts for the dataset's label set; empty where they say nothing about it."""
    return published_counts(dataset.description["corpus"]["name"], dataset.labels)


def _verdict(count: int, published: int) -> str:
    return "=" if count == published else f"{count - published:+d}"
