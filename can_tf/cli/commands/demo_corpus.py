"""`can-tf demo-corpus`."""

from pathlib import Path

import click

from can_tf.cli.shared.progress import ProgressPrinter


@click.command("demo-corpus")
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--utterances",
    type=click.IntRange(min=1),
    default=1400,
    help="Number of usable utterances; the paper uses 7,486 of IEMOCAP's.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Random seed for sentences, voices and deliveries.")
def demo_corpus_command(out: Path, utterances: int, seed: int) -> None:
    """Write a corpus of synthetic speech in IEMOCAP's layout.

    It goes to OUT/IEMOCAP_full_release.
    """
    from can_tf.corpus.demo import make_demo_corpus

    summary = make_demo_corpus(out, utterances=utterances, seed=seed, progress=ProgressPrinter().show)
    click.echo(f"{summary.root}: {summary.usable} usable utterances of synthetic speech.")
