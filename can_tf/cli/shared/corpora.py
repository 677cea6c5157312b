"""The corpus that `--corpus`, `--root`, `--labels` and `--utterances` name."""

from pathlib import Path

import click

from can_tf.cli.shared.progress import shown
from can_tf.corpus.utterance import Corpus
from can_tf.errors import ConfigError
from can_tf.limits import DEFAULT_LIMITS

DEMO_FOLDER = Path("data")


def demo_root(corpus: str, utterances: int, seed: int) -> Path:
    """Returns the root of a demo corpus, made now or before."""
    from can_tf.corpus.demo.making import make_demo_corpus

    if corpus != "iemocap":
        raise ConfigError(f"--corpus {corpus} needs --root: the manifest file.")
    folder = DEMO_FOLDER / f"demo-{utterances}-seed{seed}"
    root = folder / "IEMOCAP_full_release"
    if root.exists():
        click.echo(f"No --root given: using the synthetic demo corpus in {root}.", err=True)
        return root
    click.echo(f"No --root given: making a demo corpus of synthetic speech in {root}.", err=True)
    report = shown("Speaking the synthetic corpus", "utterances")
    return make_demo_corpus(folder, utterances=utterances, seed=seed, report=report).root


def read_corpus(corpus: str, root: Path, labels: str | None) -> Corpus:
    from can_tf.corpus.iemocap import read_iemocap
    from can_tf.corpus.labels import load_label_set
    from can_tf.corpus.manifest import read_manifest

    if corpus == "manifest":
        return read_manifest(root, load_label_set(labels) if labels else None)
    return read_iemocap(root, load_label_set(labels or "paper7"))


def usable_corpus(corpus: str, root: Path | None, labels: str | None, utterances: int) -> Corpus:
    """Returns the corpus that the options name, the demo where there is no root; what is too large is rejected."""
    from can_tf.corpus.size_limits import reject_what_exceeds

    root = demo_root(corpus, utterances, seed=0) if root is None else root
    return reject_what_exceeds(read_corpus(corpus, root, labels), DEFAULT_LIMITS)
