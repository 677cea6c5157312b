"""The kinds of corpora that `--corpus` names: one reader each, and what else depends on the corpus alone."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from pathlib import Path

from can_tf.corpus import (
    audformat,
    audio_folder,
    crema_d,
    emodb,
    esd,
    iemocap,
    jl_corpus,
    kaldi,
    label_folders,
    lhotse,
    meld,
    ravdess,
    savee,
    several,
    tess,
)
from can_tf.corpus.iemocap import (
    DEFAULT_LABEL_SET,
    DEMO,
    IEMOCAP,
    PAPER_COUNTS,
    RELEASE_FOLDER,
    read_demo,
    read_iemocap,
)
from can_tf.corpus.labels import LabelSet, load_label_set
from can_tf.corpus.manifest import MANIFEST, read_manifest
from can_tf.corpus.options import DEFAULT_OPTIONS, CorpusOptions
from can_tf.corpus.similar_labels import say_odd_labels
from can_tf.corpus.source import OF_A_USER, Source
from can_tf.corpus.utterance import Corpus
from can_tf.errors import CorpusError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reader:
    """A kind of corpus; an entry in `READERS` gives it its name.

    Attributes:
        read: Called with `--root`, a path, and the label set: a `LabelSet`, or None where neither the user nor
            `label_set` names one, and then the corpus's own labels count (`can_tf.corpus.labels.label_set_of`).
            Returns a `Corpus` under the entry's name: usable utterances sorted by id, whose `label` is a name of the
            label set; as `rejected`, those that cannot be used, each with its reason; as `excluded`, how many have a
            label that the set leaves out. Sound is not opened, listings are sorted: the same root gives the same
            corpus. Raises CorpusError where nothing can be read: what, where, what was expected.
        root: What `--root` is, for help and messages.
        label_set: The label set if the user names none: a name of `can_tf.corpus.labels.LABEL_SETS`, or None.
        source: Where the corpus comes from and what its license asks, for the card of a model that is trained on it; by
            default, the user knows.
        published_counts: Utterances by label, as published, by the name of a label set; `can-tf inspect` and
            `build-records` show them beside those found.
        synthetic: Whether the speech is synthetic, which every result then says.
        options: Whether `read` takes `CorpusOptions` as a third argument.

    Example:
        >>> from can_tf.corpus.labels import label_set_of
        >>> from can_tf.corpus.utterance import Utterance
        >>> def read_folders(root, label_set):
        ...     label_set = label_set or label_set_of([path.name for path in root.iterdir()])
        ...     utterances = [
        ...         Utterance(path.stem, path, (), path.parent.name, speaker="unknown", transcript=path.stem)
        ...         for path in sorted(root.glob("*/*.wav"))
        ...     ]
        ...     return Corpus("folders", label_set.labels, tuple(utterances), rejected=(), excluded={})
        >>> folders = Reader(read=read_folders, root="a folder for each label", source=Source(license="Free."))
        >>> folders.label_set, folders.synthetic
        (None, False)
    """

    read: Callable[..., Corpus]
    root: str
    source: Source = OF_A_USER
    label_set: str | None = None
    published_counts: Mapping[str, Mapping[str, int]] = dataclasses.field(default_factory=dict)
    synthetic: bool = False
    options: bool = False


# By the name that `--corpus` takes.
READERS: dict[str, Reader] = {
    IEMOCAP: Reader(
        read=read_iemocap,
        root=f"the folder {RELEASE_FOLDER}",
        label_set=DEFAULT_LABEL_SET,
        source=iemocap.SOURCE,
        published_counts=PAPER_COUNTS,
    ),
    DEMO: Reader(
        read=read_demo,
        root=f"the folder {RELEASE_FOLDER} that can-tf demo-corpus makes",
        label_set=DEFAULT_LABEL_SET,
        source=iemocap.DEMO_SOURCE,
        published_counts=PAPER_COUNTS,  # Those of IEMOCAP, in whose proportions it is made.
        synthetic=True,
    ),
    emodb.EMODB: Reader(
        read=emodb.read_emodb,
        root="the folder in which wav, silb and erkennung.txt are",
        source=emodb.SOURCE,
        label_set="emodb",
        published_counts=emodb.PUBLISHED_COUNTS,
    ),
    crema_d.CREMA_D: Reader(
        read=crema_d.read_crema_d,
        root="the folder of the repository CREMA-D, with AudioWAV in it",
        source=crema_d.SOURCE,
        label_set="crema-d",
        published_counts=crema_d.PUBLISHED_COUNTS,
    ),
    crema_d.CREMA_D_HEARD: Reader(
        read=functools.partial(crema_d.read_crema_d, heard=True),
        root="as for crema-d; labels are what most listeners heard",
        source=crema_d.SOURCE,
        label_set="crema-d",
    ),
    ravdess.RAVDESS: Reader(
        read=ravdess.read_ravdess,
        root="a folder with Actor_01 to Actor_24 in it or below",
        source=ravdess.SOURCE,
        label_set="ravdess",
        published_counts=ravdess.PUBLISHED_COUNTS,
    ),
    tess.TESS: Reader(
        read=tess.read_tess,
        root="a folder with OAF_angry and the like in it or below",
        source=tess.SOURCE,
        label_set="seven",
        published_counts=tess.PUBLISHED_COUNTS,
    ),
    savee.SAVEE: Reader(
        read=savee.read_savee,
        root="a folder with AudioData/DC or DC_a01.wav in it or below",
        source=savee.SOURCE,
        label_set="seven",
        published_counts=savee.PUBLISHED_COUNTS,
    ),
    jl_corpus.JL_CORPUS: Reader(
        read=jl_corpus.read_jl_corpus,
        root="a folder with female1_angry_10a_1.wav and the like in it or below",
        source=jl_corpus.SOURCE,
        label_set="jl-corpus",
    ),
    esd.ESD: Reader(
        read=esd.read_esd,
        root="a folder with 0001 to 0020 in it or below",
        source=esd.SOURCE,
        label_set="esd",
        published_counts=esd.PUBLISHED_COUNTS,
    ),
    meld.MELD: Reader(
        read=meld.read_meld,
        root="a folder with train_sent_emo.csv and the recordings in it or below",
        source=meld.SOURCE,
        label_set="seven",
        published_counts=meld.PUBLISHED_COUNTS,
    ),
    label_folders.LABEL_FOLDERS: Reader(
        read=label_folders.read_label_folders,
        root="a folder LABEL/SPEAKER with recordings",
    ),
    kaldi.KALDI: Reader(
        read=kaldi.read_kaldi,
        root="a data folder of Kaldi, with utt2emo in it",
        options=True,
    ),
    lhotse.LHOTSE: Reader(
        read=lhotse.read_lhotse,
        root="a folder with lhotse's recordings.jsonl.gz and supervisions.jsonl.gz, or cuts.jsonl.gz",
        options=True,
    ),
    audformat.AUDFORMAT: Reader(
        read=audformat.read_audformat,
        root="a database of audformat, with db.yaml in it",
        options=True,
    ),
    audio_folder.AUDIO_FOLDER: Reader(
        read=audio_folder.read_audio_folder,
        root="an audio folder of Hugging Face's, with metadata.csv or with folders of labels",
        options=True,
    ),
    several.SEVERAL: Reader(
        read=lambda root, label_set, options: several.read_several(
            root, label_set, functools.partial(_read_part, options=options)
        ),
        root="a list of corpora, CSV or JSONL",
        options=True,
    ),
    MANIFEST: Reader(
        read=read_manifest,
        root="the manifest file, CSV or JSONL",
        options=True,
    ),
}


def read_corpus(name: str, root: Path, labels: str | None = None, options: CorpusOptions = DEFAULT_OPTIONS) -> Corpus:
    """Reads a corpus of a known kind.

    Args:
        name: One of `READERS`.
        root: What the reader says; for a manifest, the file.
        labels: Name of a label set, or path of a mapping file; None is the reader's own.
        options: What a corpus of one's own does not say of itself, where the reader takes such.

    Raises:
        CorpusError: There is no such reader, the corpus cannot be read, or there is no such label set.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     manifest = Path(folder, "corpus.jsonl")
        ...     _ = manifest.write_text('{"id": "u1", "audio": "none.wav", "label": "sad", "speaker": "anna"}')
        ...     corpus = read_corpus("manifest", manifest, labels="four")
        >>> corpus.labels, len(corpus.rejected)
        (('ang', 'hap', 'sad', 'neu'), 1)
        >>> read_corpus("tapes", Path("."))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        can_tf.errors.CorpusError: there is no reader for a corpus 'tapes'; expected ...
    """
    return _read(name, root, load_label_set(labels) if labels else None, options)


def _read_part(name: str, root: Path, label_set: LabelSet | None, options: CorpusOptions) -> Corpus:
    takes_options = name in READERS and READERS[name].options
    return _read(name, root, label_set, options if takes_options else DEFAULT_OPTIONS)


def _read(name: str, root: Path, label_set: LabelSet | None, options: CorpusOptions) -> Corpus:
    if name not in READERS:
        raise CorpusError(f"there is no reader for a corpus {name!r}; expected one of {', '.join(READERS)}")
    reader = READERS[name]
    if label_set is None and reader.label_set:
        label_set = load_label_set(reader.label_set)
    if options != DEFAULT_OPTIONS and not reader.options:
        names = ", ".join(other for other, each in READERS.items() if each.options)
        raise CorpusError(f"--column, --tier and --silence belong to a corpus of one's own; expected --corpus {names}")
    corpus = reader.read(root, label_set, options) if reader.options else reader.read(root, label_set)
    if label_set is None:
        say_odd_labels(corpus)
    if corpus.name not in READERS:  # It may be another entry's: IEMOCAP's reader also returns the demo corpus.
        raise ValueError(f"the reader {name!r} returned a corpus {corpus.name!r}; expected the name of an entry")
    return dataclasses.replace(corpus, synthetic=corpus.synthetic or READERS[corpus.name].synthetic)


def published_counts(corpus: str, labels: tuple[str, ...]) -> dict[str, int]:
    """Returns the published utterances by label; empty where nothing was published for such a corpus and labels.

    Args:
        corpus: Name of the corpus, of an entry or not.
        labels: The label set's names in index order.

    Example:
        >>> published_counts("iemocap", ("ang", "hap", "sad", "neu"))
        {'ang': 1103, 'hap': 1635, 'sad': 1084, 'neu': 1708}
    """
    for counts in READERS[corpus].published_counts.values() if corpus in READERS else ():
        if tuple(counts) == labels:
            return dict(counts)
    return {}


def sources_of(corpus: str, parts: Mapping[str, str] | None = None) -> dict[str, Source]:
    """Returns where a corpus comes from, by its name; of several, each one's. What no entry knows is a user's own.

    Args:
        corpus: Its name.
        parts: Of several corpora, as `Corpus` has them.

    Example:
        >>> sources_of("several", {"studio": "manifest", "mine": "emodb"})["mine"].speech
        'acted German, ten sentences'
    """
    names = parts or {corpus: corpus}
    return {name: READERS[kind].source if kind in READERS else OF_A_USER for name, kind in names.items()}


def license_of(corpus: str, parts: Mapping[str, str] | None = None) -> str:
    """Returns what a corpus's license allows; where no entry knows it, that it is not known.

    `corpus` and `parts` are as `sources_of` takes them.

    Example:
        >>> license_of("tapes")[:23]
        'Not known to can_tf: th'
    """
    sources = sources_of(corpus, parts)
    return " ".join(f"{name}: {source.license}" if parts else source.license for name, source in sources.items())
