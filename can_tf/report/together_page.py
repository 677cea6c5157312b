"""A cross-validation's report, as text and as one HTML page that needs nothing beside it."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from can_tf.progress import amount
from can_tf.report.html import Html, confusion_table, document, labels_table, named_values, table, write_html
from can_tf.report.page import PAGE_FILE, name_of_corpus
from can_tf.report.statistics import BOOTSTRAP_SAMPLES, wilson_interval
from can_tf.report.tables import format_table
from can_tf.report.together import FINAL, LEAST_SPEAKERS, Together
from can_tf.training.metrics import FINAL_PREDICTION, OTHER_PREDICTIONS, SCORE_NAMES

_NAMES = {FINAL: FINAL_PREDICTION, **OTHER_PREDICTIONS}
_SHOWN = ("wa", "ua", "macro_f1")
_DOT_WIDTH, _DOT_LEFT, _DOT_ROW = 640, 160, 22  # In pixels of the picture of speakers.


def together_text(found: Mapping[str, Any]) -> str:
    """Returns for people what `scores_together` found: the answer in a line, then tables."""
    recalls = [[label, f"{recall:.3f}"] for label, recall in _recalls(found)]
    return "\n\n".join(
        [
            answer(found),
            f"{format_table(['prediction', *_score_headings()], list(_score_rows(found)))}\n({_over(found)})",
            format_table(["label", "recall"], recalls),
            format_table(["final prediction against", "score", "difference", "p"], list(_test_rows(found))),
        ]
    )


def answer(found: Mapping[str, Any]) -> str:
    """Returns the result in a line.

    Example:
        >>> ua = {"value": 0.5, "std": None, "over_utterances": [0.4, 0.6], "over_speakers": None}
        >>> scores = {"final": {"wa": ua, "ua": ua, "macro_f1": ua}}
        >>> answer({"name": "can-paper", "utterances": 40, "speakers": 2, "synthetic": False, "scores": scores})
        'can-paper: UA 0.500 (0.40 to 0.60 with other utterances) on 40 utterances of 2 speakers.'
    """
    ua = found["scores"][FINAL]["ua"]
    whom, interval = ("speakers", ua["over_speakers"]) if ua["over_speakers"] else ("utterances", ua["over_utterances"])
    speakers = f" of {amount(found['speakers'], 'speakers')}" if found["speakers"] else ""
    synthetic = " of synthetic speech" if found["synthetic"] else ""
    return (
        f"{found['name']}: UA {ua['value']:.3f} ({interval[0]:.2f} to {interval[1]:.2f} with other {whom}) "
        f"on {amount(found['utterances'], 'utterances')}{speakers}{synthetic}."
    )


def write_together(folder: Path, together: Together, found: Mapping[str, Any], out: Path | None = None) -> Path:
    """Writes a cross-validation's `report.html`, into its folder or another, and returns its path.

    Example:
        >>> from can_tf import read_together, scores_together
        >>> folder = Path("runs/cv-can-paper")
        >>> together = read_together(folder)  # doctest: +SKIP
        >>> write_together(folder, together, scores_together(together))  # doctest: +SKIP
    """
    out = out or folder
    out.mkdir(parents=True, exist_ok=True)
    return write_html(out / PAGE_FILE, together_page(together, found))


def together_page(together: Together, found: Mapping[str, Any]) -> str:
    """Returns the report as HTML; `found` is what `scores_together` returns."""
    subtitle = f"Cross-validated on the corpus {name_of_corpus(together.config['records'])}: {_over(found)}"
    intervals = ["other utterances", *(["other speakers"] if found["speakers"] >= LEAST_SPEAKERS else [])]
    return document(
        "together.html",
        found["name"],
        subtitle,
        found["synthetic"],
        answer=escape(answer(found)),
        scores=table("All test sets together", ["prediction", *_score_headings()], _score_rows(found)),
        samples=BOOTSTRAP_SAMPLES,
        intervals=_interval_table(found, intervals),
        tests=table(
            "The final prediction against others, over folds and seeds",
            ["against", "score", "difference", "p", "pairs"],
            [[*row, test["pairs"]] for row, test in zip(_test_rows(found), found["tests"], strict=True)],
        ),
        labels=labels_table(found["confusion"], together.labels),
        confusion=confusion_table(found["confusion"], together.labels),
        speakers=_speakers(found),
        folds=_unit_table("Each fold's test set", "fold", found["by_fold"]),
        options=named_values(
            "Options of the trainings",
            {name: value for name, value in together.config["options"].items() if name not in ("fold", "seed")},
        ),
    )


def _over(found: Mapping[str, Any]) -> str:
    folds, seeds = amount(len(found["folds"]), "folds"), amount(len(found["seeds"]), "seeds")
    return f"{folds}, {seeds}, {amount(found['trainings'], 'trainings')}; mean and standard deviation over seeds"


def _score_headings() -> list[str]:
    return [SCORE_NAMES[score] for score in _SHOWN]


def _score_rows(found: Mapping[str, Any]) -> Iterator[list[str]]:
    for key, name in _NAMES.items():
        if key in found["scores"]:
            yield [name, *(_spread(found["scores"][key][score]) for score in _SHOWN)]


def _spread(score: Mapping[str, Any]) -> str:
    return f"{score['value']:.3f}" + (f" ± {score['std']:.3f}" if score["std"] is not None else "")


def _interval_table(found: Mapping[str, Any], over: Sequence[str]) -> Html:
    rows = []
    for score in _SHOWN:
        of_score = found["scores"][FINAL][score]
        intervals = [of_score[f"over_{name.removeprefix('other ')}"] for name in over]
        rows.append(
            [SCORE_NAMES[score], f"{of_score['value']:.3f}", *(f"{low:.3f} to {high:.3f}" for low, high in intervals)]
        )
    headings = ["score", "value", *(f"95 % interval with {name}" for name in over)]
    return table("The final prediction on all test sets together", headings, rows)


def _test_rows(found: Mapping[str, Any]) -> Iterator[list[str]]:
    for test in found["tests"]:
        p = "not defined" if test["p"] is None else f"{test['p']:.3f}"
        yield [_NAMES[test["against"]], SCORE_NAMES[test["score"]], f"{test['difference']:+.3f}", p]


def _recalls(found: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for index, (label, counts) in enumerate(zip(found["labels"], found["confusion"], strict=True)):
        if sum(counts):
            yield label, counts[index] / sum(counts)


def _unit_table(caption: str, unit: str, by_unit: Mapping[str, Mapping[str, float]]) -> Html:
    rows = [
        [name, of_unit["utterances"], *(f"{of_unit[score]:.3f}" for score in ("wa", "ua"))]
        for name, of_unit in by_unit.items()
    ]
    return table(caption, [unit, "utterances", "WA", "UA"], rows)


def _speakers(found: Mapping[str, Any]) -> Html:
    by_speaker = found["by_speaker"]
    if not by_speaker:
        return Html("<p>These runs do not say who speaks: they were trained by an earlier version.</p>")
    worst_first = dict(sorted(by_speaker.items(), key=lambda item: item[1]["wa"]))
    return Html(_dots(worst_first) + _unit_table("Each speaker, the hardest first", "speaker", worst_first))


def _dots(by_unit: Mapping[str, Mapping[str, float]]) -> str:
    """Returns WA of each speaker as a dot, with its Wilson interval, on a scale from 0 to 1."""
    height = _DOT_ROW * (len(by_unit) + 1)
    lines = "".join(_grid_line(tenth, height) for tenth in range(0, 11, 2))
    dots = "".join(_dot(row, name, of_unit) for row, (name, of_unit) in enumerate(by_unit.items()))
    return (
        f'<figure><svg class="dots" viewBox="0 0 {_DOT_WIDTH} {height + 4}" role="img" '
        f'aria-label="WA of each speaker with its 95 % interval; the table below has the numbers">{lines}{dots}</svg>'
        "</figure>"
    )


def _place(share: float) -> float:
    return round(_DOT_LEFT + share * (_DOT_WIDTH - _DOT_LEFT - 20), 1)


def _grid_line(tenth: int, height: int) -> str:
    x = _place(tenth / 10)
    bottom = height - _DOT_ROW
    return (
        f'<line class="grid" x1="{x}" x2="{x}" y1="4" y2="{bottom}"/>'
        f'<text x="{x}" y="{height - 4}" text-anchor="middle">{tenth / 10:.1f}</text>'
    )


def _dot(row: int, name: str, of_unit: Mapping[str, float]) -> str:
    low, high = wilson_interval(of_unit["wa"] * of_unit["utterances"], of_unit["utterances"])
    y = _DOT_ROW * row + 14
    shown = name if len(name) <= 20 else f"{name[:19]}…"
    return (
        f'<text x="{_DOT_LEFT - 10}" y="{y + 4}" text-anchor="end">{escape(shown)}</text>'
        f'<line class="interval" x1="{_place(low)}" x2="{_place(high)}" y1="{y}" y2="{y}"/>'
        f'<circle cx="{_place(of_unit["wa"])}" cy="{y}" r="5"/>'
    )
