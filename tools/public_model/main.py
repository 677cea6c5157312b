"""The command of `tools/public_model.py`."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from can_tf.cli.shared.notices import show_notices
from can_tf.cli.shared.progress import ProgressPrinter
from can_tf.errors import CanError
from can_tf.processes import cores
from can_tf.report.scores import summary_table
from can_tf.training.options import read_config
from public_model.sources import CORPORA

if TYPE_CHECKING:
    from public_model.recipe import PublicModel

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(
    context_settings={"show_default": True},
    help="Make a model to publish from downloads of CREMA-D, the JL corpus and EmoDB: any, or all.",
)
@click.option("--crema-d", type=_FOLDER, help="The repository CREMA-D, with AudioWAV in it.")
@click.option("--jl-corpus", type=_FOLDER, help="The folder in which the JL corpus was unpacked.")
@click.option("--emodb", type=_FOLDER, help="The folder in which EmoDB was unpacked.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for all of it.")
@click.option("--quick", is_flag=True, help="Train the exported model alone: the card then has the scores of one fold.")
@click.option(
    "--folds",
    type=click.IntRange(min=3),
    default=10,
    help="Folds that speakers are put together in: one tests and one validates the exported model.",
)
@click.option("--config", type=click.Path(path_type=Path), help="JSON file of options of the trainings.")
@click.option("--workers", type=click.IntRange(min=1), default=cores(), show_default="one per core", help="Processes.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, help="Trainings at once, which share the cores.")
@click.option("--json", "as_json", is_flag=True, help="Print what came out as JSON.")
@click.pass_context
def main(ctx: click.Context, out: Path, config: Path | None, as_json: bool, **values: Any) -> None:
    """Makes what is not made yet, and says where it is."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    show_notices(ctx)
    roots = {name: root for name in CORPORA if (root := values.pop(name.replace("-", "_")))}
    try:
        from public_model.recipe import Recipe, make_public_model

        options = {} if config is None else read_config(config)
        made = make_public_model(Recipe(roots, out, options, **values), ProgressPrinter().show)
    except (CanError, OSError) as error:
        raise click.ClickException(" ".join(str(error).split())) from error
    click.echo(json.dumps(_as_json(made), indent=2) if as_json else _in_words(made))


def _as_json(made: "PublicModel") -> dict[str, Any]:
    return {"model": str(made.version), "run": str(made.run), "cross_validations": dict(made.summaries)}


def _in_words(made: "PublicModel") -> str:
    tables = [f"Cross-validation by {protocol}\n{summary_table(of)}" for protocol, of in made.summaries.items()]
    last = (
        f"{made.version}: the model. Read its model_card.md before you publish it; NOTICE.txt goes with every copy.\n"
        f"Try it: can-tf serve --model {made.version.parent}"
    )
    return "\n\n".join([*tables, last])
