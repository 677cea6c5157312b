"""`can-tf build-records`."""

import json
import os
from pathlib import Path

import click

from can_tf.alignment.spans import FILLER_POLICIES, SEGMENTATIONS
from can_tf.cli.shared.corpora import demo_root, read_corpus
from can_tf.cli.shared.options import cluster_option, corpus_options, limit_options
from can_tf.cli.shared.progress import shown
from can_tf.cluster import cluster_executor
from can_tf.limits import Limits
from can_tf.progress import amount
from can_tf.report.counts import counts_table


@click.command("build-records")
@corpus_options
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("data/records"), help="Where to.")
@click.option(
    "--alignments",
    type=click.Path(file_okay=False, path_type=Path),
    show_default="alignments, beside --out",
    help="Folder that keeps alignments of a manifest's transcripts, for the next time.",
)
@click.option("--segmentation", type=click.Choice(SEGMENTATIONS), default="aligned", help="How audio is cut.")
@click.option(
    "--overlap", type=click.FloatRange(0.0, 1.0), default=0.1, help="Of neighboring segments, as a share of length."
)
@click.option("--fillers", type=click.Choice(FILLER_POLICIES), default="keep", help="Tokens such as ++LAUGHTER++.")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=os.cpu_count() or 1,
    show_default="one a core",
    help="Processes. With --cluster, the cluster decides.",
)
@cluster_option
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Of the demo corpus.")
@limit_options()
@click.option("--strict", is_flag=True, help="Make an utterance that cannot be used an error.")
@click.option("--overwrite", is_flag=True, help="Replace other records in --out.")
@click.option("--json", "as_json", is_flag=True, help="Print the description of the records as JSON.")
def build_records_command(
    corpus: str,
    root: Path | None,
    out: Path,
    alignments: Path | None,
    segmentation: str,
    overlap: float,
    labels: str | None,
    fillers: str,
    workers: int,
    cluster: str | None,
    utterances: int,
    seed: int,
    max_seconds: float,
    max_words: int,
    strict: bool,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Turn a corpus into TFRecords of word-level MFCC segments. Run again, it finishes what was interrupted."""
    from can_tf.corpus.size_limits import reject_what_exceeds
    from can_tf.features.config import FeatureConfig
    from can_tf.records.build import BuildOptions, build_records

    if root is None:
        root = demo_root(corpus, utterances, seed)
    found = reject_what_exceeds(read_corpus(corpus, root, labels), Limits(seconds=max_seconds, words=max_words))
    options = BuildOptions(segmentation=segmentation, fillers=fillers, features=FeatureConfig(overlap=overlap))
    # The folders of recordings too: one that a worker cannot read would only be listed as rejected.
    paths = [root, *sorted({utterance.audio_path.parent for utterance in found.utterances})]
    with cluster_executor(cluster, out, paths) as executor:
        dataset = build_records(
            found,
            out,
            options,
            workers=workers,
            overwrite=overwrite,
            strict=strict,
            report=shown("Building records", "utterances"),
            executor=executor,
            alignments=alignments,
        )
    if as_json:
        click.echo(json.dumps(dataset.description, indent=2))
        return
    click.echo(counts_table(dataset))
    click.echo(f"{out}: {amount(len(dataset.utterances), 'utterances')} in {amount(len(dataset.shards), 'shards')}.")
