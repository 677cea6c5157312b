"""`can-tf`: the group of commands. Nothing here imports TensorFlow, so that help is quick."""

import os
from typing import Any

import click

import can_tf
from can_tf.cli.commands.align import align_command
from can_tf.cli.commands.build_records import build_records_command
from can_tf.cli.commands.cross_validate import cross_validate_command
from can_tf.cli.commands.demo_corpus import demo_corpus_command
from can_tf.cli.commands.evaluate import evaluate_command
from can_tf.cli.commands.explain import explain_command
from can_tf.cli.commands.export import export_command
from can_tf.cli.commands.inspect import inspect_command
from can_tf.cli.commands.predict import predict_command
from can_tf.cli.commands.reproduce import reproduce_command
from can_tf.cli.commands.serve import serve_command
from can_tf.cli.commands.train import train_command
from can_tf.cli.commands.tune import tune_command
from can_tf.cli.commands.verify import verify_command
from can_tf.cli.shared.notices import show_notices
from can_tf.errors import CanError
from can_tf.processes import cores


class CanGroup(click.Group):
    """Shows what a user can act on as one line. A bug keeps its traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CanError as error:
            raise click.ClickException(" ".join(str(error).split())) from error
        except OSError as error:  # A full disk, a folder that may not be written: the machine's matter.
            raise click.ClickException(f"{error.filename or 'input or output'}: {error.strerror or error}") from error


@click.group(cls=CanGroup, context_settings={"show_default": True, "help_option_names": ["-h", "--help"]})
@click.version_option(can_tf.__version__, prog_name="can-tf")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Speech emotion recognition with a Cross Attention Network over aligned audio and text."""
    show_notices(ctx)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow greets at length otherwise.
    # The two directions of a BLSTM run side by side: an operation that took every core would only wait for the other.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(max(1, cores() // 2)))


for command in (
    demo_corpus_command,
    align_command,
    build_records_command,
    inspect_command,
    train_command,
    evaluate_command,
    cross_validate_command,
    reproduce_command,
    tune_command,
    export_command,
    predict_command,
    explain_command,
    serve_command,
    verify_command,
):
    main.add_command(command)
