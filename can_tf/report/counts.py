"""A dataset's counts as a table, beside the paper's where they can be compared."""

from can_tf.corpus.registry import published_counts
from can_tf.records.dataset import Dataset
from can_tf.report.tables import format_table


def counts_table(dataset: Dataset) -> str:
    """Returns the utterances by label; beside them, the counts that were published for such a corpus, if any were."""
    counts = dataset.description["counts"]
    paper = paper_counts(dataset)
    rows = [
        [label, count, *([paper[label], _verdict(count, paper[label])] if paper else [])]
        for label, count in counts.items()
    ]
    total = sum(counts.values())
    paper_total = sum(paper.values())
    rows.append(["all", total, *([paper_total, _verdict(total, paper_total)] if paper else [])])
    kind = "synthetic" if dataset.synthetic else "here"
    table = format_table(["label", kind, *(["paper", ""] if paper else [])], rows)
    notes = [f"{dataset.description['rejected']} rejected"] if dataset.description["rejected"] else []
    excluded = dataset.description["excluded"]
    if excluded:
        listed = ", ".join(f"{label} {count}" for label, count in excluded.items())
        notes.append(f"{sum(excluded.values())} outside the label set ({listed})")
    return "\n".join([table, *(["Not used: " + "; ".join(notes) + "."] if notes else [])])


def paper_counts(dataset: Dataset) -> dict[str, int]:
    """Returns the paper's counts for the dataset's label set; empty where they say nothing about it."""
    return published_counts(dataset.description["corpus"]["name"], dataset.labels)


def _verdict(count: int, paper: int) -> str:
    return "=" if count == paper else f"{count - paper:+d}"
