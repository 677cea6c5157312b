"""`can-tf`: the group of commands. Nothing here imports TensorFlow, so that help is quick."""

import errno
import os
from typing import Any

import click

from can_tf.cli.commands.align import align_command
from can_tf.cli.commands.build_records import build_records_command
from can_tf.cli.commands.cross_validate import cross_validate_command
from can_tf.cli.commands.demo_corpus import demo_corpus_command
from can_tf.cli.commands.evaluate import evaluate_command
from can_tf.cli.commands.explain import explain_command
from can_tf.cli.commands.export import export_command
from can_tf.cli.commands.inspect import inspect_command
from can_tf.cli.commands.listen import listen_command
from can_tf.cli.commands.predict import predict_command
from can_tf.cli.commands.reproduce import reproduce_command
from can_tf.cli.commands.serve import serve_command
from can_tf.cli.commands.train import train_command
from can_tf.cli.commands.tune import tune_command
from can_tf.cli.commands.verify import verify_command
from can_tf.cli.shared.notices import show_notices
from can_tf.cli.shared.streams import open_closed_streams, print_names_of_any_bytes, show_control_characters
from can_tf.errors import CanError
from can_tf.imports import silence_tensorflow
from can_tf.processes import cores
from can_tf.provenance import versions

_NOT_TO_BE_WRITTEN = (errno.EACCES, errno.EPERM, errno.EROFS)


class CanGroup(click.Group):
    """Shows what a user can act on as one line. A bug keeps its traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CanError as error:
            raise click.ClickException(" ".join(str(error).split())) from error
        except BrokenPipeError:  # Whoever reads this has read enough: click ends without a word.
            raise
        except OSError as error:  # A full disk, a folder that may not be written: the machine's matter.
            hint = self._another_place(ctx) if error.errno in _NOT_TO_BE_WRITTEN else ""
            message = f"{error.filename or 'input or output'}: {error.strerror or error}{hint}"
            raise click.ClickException(message) from error

    def _another_place(self, ctx: click.Context) -> str:
        """Returns a hint at the option of the command that tells where to write, if it has one."""
        command = self.get_command(ctx, ctx.invoked_subcommand or "")
        names = [parameter.name for parameter in command.params] if command else []
        place = next((name for name in ("out", "run", "runs") if name in names), None)
        return f". Give another place with --{place}." if place else ""


def show_versions(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    """Prints the versions, as a bug report needs them, and ends."""
    if asked and not ctx.resilient_parsing:
        own, *others = versions().items()
        click.echo(f"can-tf {own[1]} ({', '.join(f'{name} {version}' for name, version in others)})")
        ctx.exit()


@click.group(cls=CanGroup, context_settings={"show_default": True, "help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=show_versions,
    help="Show the versions of can_tf and of what it computes with, and end.",
)
@click.pass_context
def main(ctx: click.Context) -> None:
    """Speech emotion recognition with a Cross Attention Network over aligned audio and text."""
    open_closed_streams()
    print_names_of_any_bytes()
    show_control_characters()
    show_notices(ctx)
    silence_tensorflow()
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
    listen_command,
    explain_command,
    serve_command,
    verify_command,
):
    main.add_command(command)
