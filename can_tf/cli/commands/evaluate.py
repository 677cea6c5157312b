"""`can-tf evaluate`."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from can_tf.cli.shared.progress import ProgressPrinter
from can_tf.errors import ConfigError
from can_tf.extras import require
from can_tf.records.dataset import load_dataset
from can_tf.report.scores import confidence_tables, recalls_table, scores_table


@click.command("evaluate")
@click.argument("run", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--records",
    type=click.Path(file_okay=False, path_type=Path),
    show_default="the run's own test set",
    help="Records of another corpus to evaluate the model on.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    show_default="RUN; with --records, RUN/on-<name of their folder>",
    help="Folder for figures and report.",
)
@click.option(
    "--against",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    help="Another cross-validation, of the same folds, to compare RUN with; can be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print metrics and calibration as JSON; no files are written.")
def evaluate_command(
    run: Path, records: Path | None, out: Path | None, against: tuple[Path, ...], as_json: bool
) -> None:
    """Show a finished run's metrics and calibration, or its metrics on another corpus.

    Unless --json is given, figures and report.html are written to RUN, or to --out.

    RUN may be the folder cv-MODEL-PROTOCOL of a cross-validation: then all its test sets are scored together, with
    intervals, by fold, speaker and label, and compared with the references; with --against, with other
    cross-validations too, by paired tests.

    Calibration is shown before and after temperature scaling, which is fitted on the validation set and measured on
    the test set.

    With --records, the run's model is evaluated on another corpus, on the labels that have the same names; predictions,
    metrics and the confusion matrix are written. The records need the same features, and segments as the run's own.
    """
    from can_tf.report.together import is_cross_validation

    if is_cross_validation(run):
        if records is not None:
            raise ConfigError(f"{run}: is a cross-validation; --records takes one of its runs.")
        _evaluate_together(run, against, out, as_json=as_json)
        return
    if against:
        raise ConfigError(f"{run}: is no folder of a cross-validation, which --against compares with another.")
    if not as_json:
        require("matplotlib", "Drawing figures", "report")
    if records is None:
        _evaluate(run, out, as_json=as_json)
    else:
        _evaluate_on(run, records, out, as_json=as_json)


def _evaluate(run: Path, out: Path | None, *, as_json: bool) -> None:
    from can_tf.report.page import write_page
    from can_tf.report.run import draw_run, read_evaluation
    from can_tf.training.calibration import calibration_of

    evaluation = read_evaluation(run)
    calibration = calibration_of(run, evaluation.labels)
    if as_json:
        click.echo(json.dumps({**evaluation.metrics, "calibration": calibration.to_json()}, indent=2))
        return
    click.echo(scores_table(evaluation.metrics, alpha=evaluation.alpha))
    click.echo(f"\n{recalls_table(evaluation.metrics)}")
    click.echo(f"\n{confidence_tables(calibration)}\n")
    pictures = draw_run(run, evaluation, calibration, out)
    for path in (*pictures, write_page(run, evaluation, calibration, out)):
        click.echo(path)


def _evaluate_together(folder: Path, against: Sequence[Path], out: Path | None, *, as_json: bool) -> None:
    from can_tf.report.against import compare_together
    from can_tf.report.together import read_together, scores_together
    from can_tf.report.together_page import together_text, write_together

    together = read_together(folder)
    compared = [compare_together(together, read_together(other)) for other in against]
    found = {**scores_together(together), "compared": compared}
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    click.echo(f"{together_text(found)}\n\n{write_together(out or folder, found)}")


def _evaluate_on(run: Path, records: Path, out: Path | None, *, as_json: bool) -> None:
    from can_tf.report import elsewhere
    from can_tf.training.elsewhere import evaluate_on

    dataset = load_dataset(records)
    folder = out or elsewhere.default_folder(run, records)
    if not as_json:
        elsewhere.check_writable(folder)
    result = evaluate_on(run, dataset, ProgressPrinter().show)
    for note in result.notes:
        click.echo(f"Note: {note}.", err=True)
    metrics = elsewhere.metrics_elsewhere(result)
    if as_json:
        click.echo(json.dumps(metrics, indent=2))
        return
    click.echo(f"{elsewhere.elsewhere_text(result, metrics)}\n")
    for path in elsewhere.write_elsewhere(result, folder, metrics):
        click.echo(path)
