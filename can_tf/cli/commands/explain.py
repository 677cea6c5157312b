"""`can-tf explain`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from can_tf.alignment.formats import alignment_suffixes
from can_tf.alignment.recognition import RecognizerOptions
from can_tf.cli.shared.corpora import chosen_corpus, list_options
from can_tf.cli.shared.folders import has_suffix, recordings
from can_tf.cli.shared.options import corpus_options, limit_options, reading_options
from can_tf.cli.shared.prediction_options import Words, open_predictor, prediction_options
from can_tf.cli.shared.progress import ProgressPrinter
from can_tf.cli.shared.recognizer_options import recognizer_of, say_recognized
from can_tf.cli.shared.recordings import end_with_errors
from can_tf.corpus.iemocap import DEMO
from can_tf.corpus.options import CorpusOptions
from can_tf.corpus.registry import READERS, read_corpus
from can_tf.errors import CanError, ConfigError
from can_tf.extras import require
from can_tf.files import write_json
from can_tf.limits import PICTURE_SECONDS
from can_tf.training.run_folder import CONFIG_FILE, METRICS_FILE, read_run_json

_FIGURES = (".png", ".pdf", ".svg")
_OF_RECORDINGS = ("alignment", "transcript", "model", "server", "fillers", "max_seconds", "max_words")
_OF_RUNS = ("count", "corpus", "root", "labels", "utterances", "column")


@click.command("explain")
@click.argument("what", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    show_default="explanation.html, in RUN or in the current folder",
    help="Output file: .html for a page, .png, .pdf or .svg for a figure of one recording, .json for the data.",
)
@prediction_options
@click.option("--count", type=click.IntRange(min=1), default=4, help="Number of utterances per group, for a RUN.")
@corpus_options
@reading_options
@limit_options(max_seconds=PICTURE_SECONDS)
@click.option("--json", "as_json", is_flag=True, help="Also print the data as JSON.")
@click.pass_context
def explain_command(
    ctx: click.Context,
    what: tuple[Path, ...],
    out: Path | None,
    alignment: Path | None,
    transcript: str | None,
    count: int,
    corpus: str | None,
    root: Path | None,
    labels: str | None,
    utterances: int,
    column: dict[str, str],
    as_json: bool,
    **values: Any,
) -> None:
    """Explain predictions on a page: sound, words, attention.

    WHAT is one or more recordings, or the folder of a finished run. Recordings are predicted as by `can-tf predict`.
    For a run, the page shows the test utterances with the most confident predictions, the largest errors, and the
    largest disagreement between text and audio; --root is the corpus that its records were built from.
    """
    recognizer = recognizer_of(values)
    if len(what) == 1 and (what[0] / CONFIG_FILE).is_file():
        _check_not_given(ctx, _OF_RECORDINGS, "recordings", "a run was")
        run, out = what[0], out or what[0] / "explanation.html"
        _check_out(out, (".html", ".json"), "the test utterances of a run")
        groups, notes = _of_run(
            run,
            (corpus, root, labels, utterances),
            count,
            list_options(column, values["tier"], values["silence"]),
            recognizer,
        )
        _write(out, f"{run.resolve().name}: test utterances", groups, notes, as_json)
        return
    _check_not_given(ctx, _OF_RUNS, "a run", "recordings were")
    found, out = recordings(what), out or Path("explanation.html")
    paths = found.paths
    _check_out_of_recordings(out, paths)
    if not values["server"]:
        values["model"] = _version(values["model"])
    words = Words(alignment, transcript, found)
    if out.suffix.lower() in _FIGURES:
        require("matplotlib", "Drawing a figure", "report")
    words.require_what_finds_them(paths)
    predictor = open_predictor(ctx, values, recognizer)
    from can_tf.explanation.recordings import explain_recordings

    answers = explain_recordings(predictor, paths, words.of, progress=ProgressPrinter().show)
    good = [answer for answer in answers if not isinstance(answer, CanError)]
    say_recognized([getattr(answer, "prediction", answer) for answer in answers], predictor.word_finder)
    if good:
        from can_tf.explanation.page import Group

        for explanation in good:
            prediction = explanation.prediction
            click.echo(f"{explanation.name}: {prediction.label}, confidence {prediction.confidence:.3f}", err=as_json)
        title = paths[0].name if len(paths) == 1 else f"{len(good)} recordings"
        _write(out, title, [Group("", good)], [] if values["server"] else _notes_of(values["model"]), as_json)
    end_with_errors(ctx, paths, answers)


def _check_not_given(ctx: click.Context, names: Sequence[str], of: str, what: str) -> None:
    typed = [name for name in names if ctx.get_parameter_source(name) == ParameterSource.COMMANDLINE]
    if typed:
        raise ConfigError(f"--{typed[0].replace('_', '-')} belongs to {of}; {what} given.")


def _check_out_of_recordings(out: Path, paths: Sequence[Path]) -> None:
    suffixes = (".html", *_FIGURES, ".json") if len(paths) == 1 else (".html", ".json")
    _check_out(out, suffixes, f"{len(paths)} recording{'s' * (len(paths) > 1)}")
    if has_suffix(out, alignment_suffixes()) and out.with_suffix("") in [path.with_suffix("") for path in paths]:
        raise ConfigError(f"--out {out}: is where a recording's alignment would be looked for. Give it another name.")


def _check_out(out: Path, suffixes: Sequence[str], what: str) -> None:
    if out.suffix.lower() not in suffixes:
        raise ConfigError(f"--out {out}: expected a name that ends in {', '.join(suffixes)} for {what}.")


def _version(model: Path) -> Path:
    """Returns the folder of the version that is asked, so that the notes are about the same."""
    from can_tf.prediction.backends import newest_version

    return newest_version(model)


def _notes_of(version: Path) -> list[str]:
    from can_tf.prediction.predictor import description_of

    return _notes(description_of(version)["records"]["corpus"]["synthetic"])


def _notes(synthetic: bool) -> list[str]:
    from can_tf.explanation.page import SYNTHETIC

    return [SYNTHETIC] if synthetic else []


def _of_run(
    run: Path,
    source: tuple[str | None, Path | None, str | None, int],
    count: int,
    options: CorpusOptions,
    recognizer: RecognizerOptions,
) -> tuple[list[Any], list[str]]:
    """Returns the groups of a run's gallery, and notes to stand above them."""
    from can_tf.explanation.gallery import gallery

    corpus, root, labels, utterances = source
    read_run_json(run, METRICS_FILE)  # Which tells whether the run is finished.
    records = read_run_json(run, CONFIG_FILE, {"records": {"corpus": {"name": str, "synthetic": bool}}})["records"]
    name, synthetic = corpus or records["corpus"]["name"], records["corpus"]["synthetic"]
    if name not in READERS:
        raise ConfigError(f"{run}: its corpus {name!r} has no reader; give --corpus, one of {', '.join(READERS)}.")
    if root is None and name != DEMO:
        raise ConfigError(f"{run}: give the corpus of its records: --root, {READERS[name].root}.")
    name, root = chosen_corpus(name, root, utterances, 0)
    by_id = {utterance.id: utterance for utterance in read_corpus(name, root, labels, options).utterances}
    groups = gallery(run, by_id, count, ProgressPrinter().show, recognizer=recognizer)
    return groups, _notes(synthetic)


def _write(out: Path, title: str, groups: Sequence[Any], notes: Sequence[str], as_json: bool) -> None:
    data = [
        {"title": group.title, "explanations": [explanation.to_json() for explanation in group.explanations]}
        for group in groups
    ]
    explanations = [explanation for group in groups for explanation in group.explanations]
    if out.suffix.lower() == ".html":
        from can_tf.explanation.page import write_page

        write_page(out, title, groups, notes)
    elif out.suffix.lower() == ".json":
        write_json(out, data)
    else:
        from can_tf.explanation.figure import write_figure

        write_figure(out, explanations[0], " ".join(notes))
    if as_json:
        click.echo(json.dumps(data, indent=2))
    hint = " Open it in a browser." if out.suffix.lower() == ".html" else ""
    click.echo(f"{out}: {len(explanations)} explained.{hint}", err=as_json)
