"""A cross-validation's report, as text and as one HTML page that needs nothing beside it."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from can_tf.progress import amount
from can_tf.report.html import Html, confusion_table, document, labels_table, named_values, table, write_html
from can_tf.report.page import PAGE_FILE
from can_tf.report.scores import summary_table
from can_tf.report.statistics import wilson_interval
from can_tf.report.tables import INTERVAL_HEADERS, format_table, interval_rows, intervals_in_words, pooled_rows
from can_tf.report.together import FINAL, TESTED
from can_tf.training.intervals import POOLED_SCORES
from can_tf.training.metrics import FINAL_PREDICTION, OTHER_PREDICTIONS, SCORE_NAMES
from can_tf.training.resampling import BOOTSTRAP_SAMPLES

_NAMES = {FINAL: FINAL_PREDICTION, **OTHER_PREDICTIONS}
_TEST_HEADERS = ("against", "score", "difference", "p")
_TESTS_IN_WORDS = "final prediction less the other, over folds and seeds; p of the corrected resampled t-test"
_COMPARED_HEADERS = ("compared with", "score", "difference", "95 % interval", "p")
_DOT_WIDTH, _DOT_LEFT, _DOT_ROW = 640, 160, 22  # Of the picture of speakers, in its units.


def together_text(found: Mapping[str, Any]) -> str:
    """Returns for people what `scores_together` found: the answer in a line, then tables."""
    tests = f"{format_table(_TEST_HEADERS, list(_test_rows(found)))}\n({_TESTS_IN_WORDS})"
    return "\n\n".join([answer(found), summary_table(found), tests, *_compared_text(found)])


def answer(found: Mapping[str, Any]) -> str:
    """Returns the result in a line.

    Example:
        >>> ua = {"value": 0.5, "low": 0.4, "high": 0.6}
        >>> of_all = {"utterances": 40, "speakers": 2, "resampled": "utterances", "ua": ua}
        >>> answer({"name": "can-paper", "synthetic": False, "intervals": [of_all]})
        'can-paper: UA 0.500 (0.40 to 0.60 with other utterances) on 40 utterances of 2 speakers.'
    """
    of_all = found["intervals"][0]
    ua, synthetic = of_all["ua"], " of synthetic speech" if found["synthetic"] else ""
    return (
        f"{found['name']}: UA {ua['value']:.3f} ({ua['low']:.2f} to {ua['high']:.2f} with other {of_all['resampled']}) "
        f"on {amount(of_all['utterances'], 'utterances')} of {amount(of_all['speakers'], 'speakers')}{synthetic}."
    )


def write_together(folder: Path, found: Mapping[str, Any]) -> Path:
    """Writes a cross-validation's `report.html` into a folder, made if missing, and returns its path.

    Example:
        >>> from can_tf import read_together, scores_together
        >>> folder = Path("runs/cv-can-paper")
        >>> write_together(folder, scores_together(read_together(folder)))  # doctest: +SKIP
    """
    folder.mkdir(parents=True, exist_ok=True)
    return write_html(folder / PAGE_FILE, together_page(found))


def together_page(found: Mapping[str, Any]) -> str:
    """Returns the report as HTML; `found` is what `scores_together` returns."""
    seeds, trainings = amount(len(found["seeds"]), "seeds"), amount(found["done"], "trainings")
    return document(
        "together.html",
        found["name"],
        f"Cross-validated on the corpus {found['records']['corpus']}: {amount(len(found['folds']), 'folds')}, {seeds}, "
        f"{trainings}",
        found["synthetic"],
        answer=escape(answer(found)),
        intervals=table("All test sets together", INTERVAL_HEADERS, interval_rows(found["intervals"])),
        intervals_in_words=escape(intervals_in_words(found["intervals"])),
        samples=BOOTSTRAP_SAMPLES,
        scores=table(
            f"The same test sets, mean and standard deviation over {seeds}",
            ["prediction", *(SCORE_NAMES[score] for score in POOLED_SCORES)],
            pooled_rows(found["pooled"]),
        ),
        compared=_compared(found),
        tests=table("The final prediction tested against others", [*_TEST_HEADERS], _test_rows(found)),
        labels=labels_table(found["confusion"], found["labels"]),
        confusion=confusion_table(found["confusion"], found["labels"]),
        speakers=_speakers(found["by_speaker"]),
        folds=_unit_table("Each fold's test set", "fold", found["by_fold"]),
        options=named_values("Options of the trainings", found["options"]),
    )


def _test_rows(found: Mapping[str, Any]) -> Iterator[list[str]]:
    for test in found["tests"]:
        names = _NAMES[test["against"]], SCORE_NAMES[test["score"]]
        yield [*names, f"{test['difference']:+.3f}", _p(test["p"])]


def _compared_text(found: Mapping[str, Any]) -> Iterator[str]:
    if compared := found.get("compared"):
        words = "all test sets together, interval over whom there is to test; p as above, over folds and seeds"
        yield f"{format_table(_COMPARED_HEADERS, list(_compared_rows(compared)))}\n({words})"
        yield "\n".join(_what_differs(each) for each in compared)


def _compared_rows(compared: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    for each in compared:
        for score in TESTED:
            of_score = each[score]
            interval = f"{of_score['low']:+.3f} to {of_score['high']:+.3f}"
            yield [each["against"], SCORE_NAMES[score], f"{of_score['difference']:+.3f}", interval, _p(of_score["p"])]


def _what_differs(each: Mapping[str, Any]) -> str:
    """Returns in a line what was not the same for both, and which trainings were compared."""
    differs = [f"{name} {own} against {other}" for name, (own, other) in each["differs"].items() if name != "records"]
    if "records" in each["differs"]:
        differs.append("other records")
    options = f"; {', '.join(differs)}" if differs else ""
    left_out = f" ({each['left_out']} that only one of both has are left out)" if each["left_out"] else ""
    pairs = f"{amount(each['pairs'], 'pairs')} of trainings{left_out}"
    return f"{each['against']}: {pairs}, {each['resampled']} resampled{options}."


def _compared(found: Mapping[str, Any]) -> Html:
    if not (compared := found.get("compared")):
        return Html("")
    rows = table("Compared with other cross-validations", _COMPARED_HEADERS, _compared_rows(compared))
    words = "".join(f'<p class="quiet">{escape(_what_differs(each))}</p>\n' for each in compared)
    return Html(f"{rows}\n{words}")


def _p(p: float | None) -> str:
    return "not defined" if p is None else f"{p:.3f}"


def _unit_table(caption: str, unit: str, by_unit: Mapping[str, Mapping[str, float]]) -> Html:
    rows = [
        [name, of_unit["utterances"], *(f"{of_unit[score]:.3f}" for score in ("wa", "ua"))]
        for name, of_unit in by_unit.items()
    ]
    return table(caption, [unit, "utterances", "WA", "UA"], rows)


def _speakers(by_speaker: Mapping[str, Mapping[str, float]]) -> Html:
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
