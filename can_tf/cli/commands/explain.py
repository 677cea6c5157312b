"""`can-tf explain`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from can_tf.alignment.formats import alignment_suffixes
from can_tf.alignment.recognition import RecognizerOptions
from can_tf.audio.folders import find_recordings, has_suffix
from can_tf.cli.shared.corpora import chosen_corpus, list_options
from can_tf.cli.shared.options import corpus_options, limit_options, reading_options
from can_tf.cli.shared.prediction_options import open_predictor, prediction_options
from can_tf.cli.shared.progress import ProgressPrinter
from can_tf.cli.shared.recognizer_options import recognizer_of, say_recognized
from can_tf.cli.shared.recordings import end_with_errors
from can_tf.corpus.iemocap import DEMO
from can_tf.corpus.options import CorpusOptions
from can_tf.corpus.registry import READERS, read_corpus
from can_tf.errors import CanError, ConfigError
from can_tf.explanation.explanation_files import check_explanation_file, json_of
from can_tf.limits import PICTURE_SECONDS
from can_tf.prediction.known_words import KnownWords
from can_tf.training.run_folder import CONFIG_FILE, METRICS_FILE, read_run_json

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
        kind = check_explanation_file(out, None)
        groups, notes = _of_run(
            run,
            (corpus, root, labels, utterances),
            count,
            list_options(column, values["tier"], values["silence"]),
            recognizer,
        )
        kind.write(out, f"{run.resolve().name}: test utterances", groups, notes)
        _say_written(out, groups, as_json)
        return
    _check_not_given(ctx, _OF_RUNS, "a run", "recordings were")
    found, out = find_recordings(what), out or Path("explanation.html")
    paths = found.paths
    _check_out_of_recordings(out, paths)
    words = KnownWords(alignment, transcript, found)
    words.require_what_finds_them(paths)
    predictor = open_predictor(ctx, values, recognizer)
    from can_tf.explanation.recordings import explain_recordings

    answers = explain_recordings(predictor, found, words.of, out=out, progress=ProgressPrinter().show)
    say_recognized([getattr(each, "prediction", each) for each in answers.values()], predictor.word_finder)
    good = [answer for answer in answers.values() if not isinstance(answer, CanError)]
    for explanation in good:
        prediction = explanation.prediction
        click.echo(f"{explanation.name}: {prediction.label}, confidence {prediction.confidence:.3f}", err=as_json)
    if good:
        from can_tf.explanation.page import Group

        _say_written(out, [Group("", good)], as_json)
    end_with_errors(ctx, paths, list(answers.values()))


def _check_not_given(ctx: click.Context, names: Sequence[str], of: str, what: str) -> None:
    typed = [name for name in names if ctx.get_parameter_source(name) == ParameterSource.COMMANDLINE]
    if typed:
        raise ConfigError(f"--{typed[0].replace('_', '-')} belongs to {of}; {what} given.")


def _check_out_of_recordings(out: Path, paths: Sequence[Path]) -> None:
    check_explanation_file(out, len(paths))
    if has_suffix(out, alignment_suffixes()) and out.with_suffix("") in [path.with_suffix("") for path in paths]:
        raise ConfigError(f"--out {out}: is where a recording's alignment would be looked for. Give it another name.")


def _of_run(
    run: Path,
    source: tuple[str | None, Path | None, str | None, int],
    count: int,
    options: CorpusOptions,
    recognizer: RecognizerOptions,
) -> tuple[list[Any], list[str]]:
    """Returns the groups of a run's gallery, and notes to stand above them."""
    from can_tf.explanation.gallery import gallery
    from can_tf.explanation.page import notes_of

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
    return groups, notes_of(synthetic)


def _say_written(out: Path, groups: Sequence[Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(json_of(groups), indent=2))
    hint = " Open it in a browser." if out.suffix.lower() == ".html" else ""
    explained = sum(len(group.explanations) for group in groups)
    click.echo(f"{out}: {explained} explained.{hint}", err=as_json)
