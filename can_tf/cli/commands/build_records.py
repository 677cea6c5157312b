"""`can-tf build-records`."""

import json
import shlex
from pathlib import Path
from typing import Any

import click

from can_tf.alignment.spans import FILLER_POLICIES, SEGMENTATIONS
from can_tf.cli.shared.corpora import chosen_corpus, list_options
from can_tf.cli.shared.options import cluster_option, corpus_options, features_option, limit_options, reading_options
from can_tf.cli.shared.progress import ProgressPrinter
from can_tf.cli.shared.recognizer_options import recognizer_of, recognizer_options
from can_tf.cluster import cluster_executor
from can_tf.corpus.manifest import MANIFEST
from can_tf.corpus.registry import license_of, read_corpus
from can_tf.limits import Limits
from can_tf.processes import cores
from can_tf.progress import amount
from can_tf.report.counts import counts_table
from can_tf.report.pitfalls import find_pitfalls


@click.command("build-records")
@corpus_options
@reading_options
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("data/records"), help="Output folder."
)
@click.option(
    "--alignments",
    type=click.Path(file_okay=False, path_type=Path),
    show_default="alignments, beside --out",
    help="Folder that caches words that were aligned or recognized.",
)
@recognizer_options
@features_option
@click.option(
    "--segmentation",
    type=click.Choice(SEGMENTATIONS),
    default="aligned",
    help="Segments of a recording: one per word (aligned), as many of equal length (equal), or one (whole).",
)
@click.option(
    "--overlap",
    type=click.FloatRange(0.0, 1.0),
    default=0.1,
    help="Overlap of neighboring segments, as a fraction of their mean length.",
)
@click.option(
    "--fillers",
    type=click.Choice(FILLER_POLICIES),
    default="keep",
    help="Whether to keep tokens such as ++LAUGHTER++ as words.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=cores(),
    show_default="one per core",
    help="Number of processes, without --cluster.",
)
@cluster_option
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Random seed for a new demo corpus.")
@limit_options()
@click.option("--strict", is_flag=True, help="Fail if any utterance cannot be used.")
@click.option("--overwrite", is_flag=True, help="Replace existing records in --out.")
@click.option("--json", "as_json", is_flag=True, help="Print the records' description as JSON.")
def build_records_command(
    corpus: str | None,
    root: Path | None,
    out: Path,
    alignments: Path | None,
    features: str,
    segmentation: str,
    overlap: float,
    labels: str | None,
    fillers: str,
    workers: int,
    cluster: str | None,
    utterances: int,
    column: dict[str, str],
    tier: str | None,
    silence: tuple[str, ...],
    seed: int,
    max_seconds: float,
    max_words: int,
    strict: bool,
    overwrite: bool,
    as_json: bool,
    **values: Any,
) -> None:
    """Turn a corpus into TFRecords of word-level segments. Re-running it resumes an interrupted build."""
    from can_tf.corpus.size_limits import reject_oversized
    from can_tf.features.registry import front_end
    from can_tf.records.build import BuildOptions, build_records
    from can_tf.records.dataset import REJECTED_FILE

    recognizer = recognizer_of(values)
    name, root = chosen_corpus(corpus, root, utterances, seed)
    found = read_corpus(name, root, labels, list_options(column, tier, silence))
    usable = reject_oversized(found, Limits(seconds=max_seconds, words=max_words))
    options = BuildOptions(segmentation=segmentation, fillers=fillers, overlap=overlap, front_end=front_end(features))
    # The folders of recordings too: one that a worker cannot read would only be listed as rejected.
    paths = [root, *sorted({utterance.audio_path.parent for utterance in usable.utterances})]
    with cluster_executor(cluster, out, paths) as executor:
        dataset = build_records(
            usable,
            out,
            options,
            workers=workers,
            overwrite=overwrite,
            strict=strict,
            progress=ProgressPrinter().show,
            executor=executor,
            alignments=alignments,
            recognizer=recognizer,
        )
    if as_json:
        click.echo(json.dumps(dataset.description, indent=2))
        return
    click.echo(counts_table(dataset))
    click.echo(f"{out}: {amount(len(dataset.utterances), 'utterances')} in {amount(len(dataset.shards), 'shards')}.")
    # Of a corpus of one's own, one knows it.
    if (license_ := license_of(found.name, found.parts)) != license_of(MANIFEST):
        click.echo(f"License: {license_}")
    if rejected := dataset.description["rejected"]:
        reasons = f"{out / REJECTED_FILE} says why"
        click.echo(f"{amount(rejected, 'utterances')} could not be used; {reasons}.", err=True)
    if pitfalls := find_pitfalls(dataset):
        what = amount(len(pitfalls), "things")
        click.echo(f"{what} to watch out for in these records: can-tf inspect {shlex.quote(str(out))}", err=True)
