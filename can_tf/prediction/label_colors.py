"""Which color stands for which label, the same in every picture and page of a recording's timeline."""

from collections.abc import Iterable

UNCERTAIN_COLOR = "#7f7f7f"  # Of whatever is no label of the model.
# Tableau's ten without its gray, as matplotlib has them.
_COLORS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#bcbd22", "#17becf")


def label_colors(labels: Iterable[str]) -> dict[str, str]:
    """Returns a color for each label, in the order of their names; beyond nine they repeat.

    Example:
        >>> label_colors({"sad", "happy"})
        {'happy': '#1f77b4', 'sad': '#ff7f0e'}
    """
    return {label: _COLORS[index % len(_COLORS)] for index, label in enumerate(sorted(set(labels)))}
