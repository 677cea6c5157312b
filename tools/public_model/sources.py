"""The downloads that a public model is made from, checked before hours of work."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from can_tf.audio import read_header
from can_tf.corpus.crema_d import CREMA_D
from can_tf.corpus.emodb import EMODB
from can_tf.corpus.jl_corpus import JL_CORPUS
from can_tf.corpus.registry import published_counts, read_corpus
from can_tf.corpus.several import SEVERAL
from can_tf.corpus.size_limits import reject_oversized
from can_tf.corpus.utterance import Corpus
from can_tf.errors import AudioError, CorpusError
from can_tf.extras import require
from can_tf.files import write_csv
from can_tf.limits import DEFAULT_LIMITS
from can_tf.progress import Event, Progress, amount

CORPORA = (CREMA_D, JL_CORPUS, EMODB)  # Whose licenses let anybody pass a model on.
LABELS = "four"  # What all of them have.
LIST_FILE = "corpora.csv"
_LEAST_SPEAKERS = 3  # To train, to validate and to test.
_ALIGNING = ("pocketsphinx", "num2words", "espeakng_loader")  # What the extra `align` brings.


def read_sources(roots: Mapping[str, Path], out: Path, progress: Progress) -> Corpus:
    """Returns the corpora as one, with common labels; writes the list of them, where there are several.

    Args:
        roots: The folder of each download, by a name in CORPORA.
        out: The folder of the list.
        progress: Told what is found, beside what was published.

    Raises:
        CorpusError: A folder is not what it should be, most of its recordings cannot be opened, or there are too few
            speakers.
        MissingExtraError: What aligns transcripts is not installed.
    """
    found = {name: read_corpus(name, root, LABELS) for name, root in roots.items()}
    for name, corpus in found.items():
        _check(corpus, roots[name])
        progress(Event("Reading", note=_in_words(corpus)))
    speakers = {(name, utterance.speaker) for name, corpus in found.items() for utterance in corpus.utterances}
    if len(speakers) < _LEAST_SPEAKERS:
        raise CorpusError(
            f"{', '.join(map(str, roots.values()))}: here are {amount(len(speakers), 'speakers')}; expected three or "
            "more, to train, validate and test."
        )
    return reject_oversized(_together(found, roots, out), DEFAULT_LIMITS)


def _check(corpus: Corpus, root: Path) -> None:
    """Raises where a corpus could not be built into records, or next to nothing of it."""
    if any(not utterance.words and utterance.transcript for utterance in corpus.utterances):
        for library in _ALIGNING:
            require(library, f"Aligning the English transcripts of {corpus.name}", "align")
    faults = list(_faults(corpus))
    if 2 * len(faults) >= len(corpus.utterances):
        first = f"the first: {faults[0]}" if faults else f"{amount(len(corpus.rejected), 'files')} have other names"
        raise CorpusError(
            f"{root}: of {amount(len(corpus.utterances), 'recordings')} of {corpus.name} with a label of {LABELS}, "
            f"{len(faults)} cannot be opened ({first}). Download it again, whole; what Git LFS keeps comes with "
            "git lfs pull."
        )


def _faults(corpus: Corpus) -> Iterator[str]:
    for utterance in corpus.utterances:
        try:
            read_header(utterance.audio_path)
        except AudioError as error:
            yield str(error)


def _in_words(corpus: Corpus) -> str:
    speakers = len({utterance.speaker for utterance in corpus.utterances})
    count, published = len(corpus.utterances), sum(published_counts(corpus.name, corpus.labels).values())
    line = f"{corpus.name}: {amount(count, 'utterances')} of {amount(speakers, 'speakers')}"
    if published and count != published:
        return f"{line}; {published} were published. Is the download whole?"
    return f"{line}, as many as were published." if published else f"{line}."


def _together(found: Mapping[str, Corpus], roots: Mapping[str, Path], out: Path) -> Corpus:
    if len(found) == 1:
        return next(iter(found.values()))
    out.mkdir(parents=True, exist_ok=True)
    path = out / LIST_FILE
    write_csv(path, ("corpus", "root"), [{"corpus": name, "root": root.resolve()} for name, root in roots.items()])
    return read_corpus(SEVERAL, path, LABELS)
