"""The corpus that `--corpus`, `--root` and `--utterances` name."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from can_tf.alignment.formats import Reading
from can_tf.cli.shared.progress import ProgressPrinter
from can_tf.corpus.iemocap import DEMO, IEMOCAP, RELEASE_FOLDER
from can_tf.corpus.options import CorpusOptions
from can_tf.corpus.registry import READERS, read_corpus
from can_tf.corpus.utterance import Corpus
from can_tf.errors import ConfigError
from can_tf.limits import DEFAULT_LIMITS

DEMO_FOLDER = Path("data")


def chosen_corpus(corpus: str | None, root: Path | None, utterances: int, seed: int) -> tuple[str, Path]:
    """Returns the name of a corpus's reader and its root; a demo corpus without a root is made now, or was before.

    Raises:
        ConfigError: The corpus needs a root.
    """
    name = corpus or (IEMOCAP if root else DEMO)
    if root is not None:
        return name, root
    if name != DEMO:
        raise ConfigError(f"--corpus {name} needs --root: {READERS[name].root}.")
    return name, _demo_root(utterances, seed)


def _demo_root(utterances: int, seed: int) -> Path:
    from can_tf.corpus.demo import make_demo_corpus

    folder = DEMO_FOLDER / f"demo-{utterances}-seed{seed}"
    root = folder / RELEASE_FOLDER
    if root.exists():
        click.echo(f"No --root given: using the synthetic demo corpus in {root}.", err=True)
        return root
    click.echo(f"No --root given: making a demo corpus of synthetic speech in {root}.", err=True)
    return make_demo_corpus(folder, utterances=utterances, seed=seed, progress=ProgressPrinter().show).root


def list_options(column: Mapping[str, str], tier: str | None, silence: Sequence[str]) -> CorpusOptions:
    """Returns what `--column`, `--tier` and `--silence` say."""
    return CorpusOptions(columns=column, reading=Reading(tier=tier, silence=tuple(silence)))


def usable_corpus(
    corpus: str | None, root: Path | None, labels: str | None, utterances: int, options: CorpusOptions
) -> Corpus:
    """Returns the corpus that the options name, the demo where there is no root; what is too large is rejected."""
    from can_tf.corpus.size_limits import reject_oversized

    name, root = chosen_corpus(corpus, root, utterances, seed=0)
    return reject_oversized(read_corpus(name, root, labels, options), DEFAULT_LIMITS)
