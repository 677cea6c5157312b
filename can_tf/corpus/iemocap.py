"""Reads IEMOCAP (Busso et al., 2008) as it is released, and the demo corpus, which is laid out like it.

A release that holds `SYNTHETIC.txt` is the demo corpus, whatever the reader is called.

Utterance ids look like `Ses03M_impro05a_F012`: session 3, dialog `Ses03M_impro05a` in which the man wears the markers,
and the last letter tells who speaks. Two of IEMOCAP's utterances have no alignment; one of them, `Ses03M_impro03_M001`,
has a label of the paper's seven, which makes its 7,486 utterances out of 7,487.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from can_tf.alignment.formats import read_alignment
from can_tf.corpus.labels import LABEL_SETS, LabelSet
from can_tf.corpus.source import Source
from can_tf.corpus.utterance import Corpus, Rejection, Utterance
from can_tf.errors import AlignmentError, CorpusError

RELEASE_FOLDER = "IEMOCAP_full_release"
SYNTHETIC_FILE = "SYNTHETIC.txt"  # In the root of a demo corpus.
IEMOCAP, DEMO = "iemocap", "demo"  # The names of the two corpora.
SOURCE = Source(
    license="IEMOCAP is given out by the University of Southern California under a license of its own, for research. A "
    "model trained on it falls under that license: ask there before you pass it on or sell what it does.",
    speech="acted American English, scripted and improvised",
    citation='Busso, Bulut, Lee, Kazemzadeh, Mower, Kim, Chang, Lee and Narayanan, "IEMOCAP: Interactive emotional '
    'dyadic motion capture database", Language Resources and Evaluation 42(4), 2008',
    address="https://sail.usc.edu/iemocap/",
)
DEMO_SOURCE = Source(
    license="the speech was made by a synthesizer (eSpeak NG), with emotions that are rules of pitch, pace and "
    "loudness; nobody's voice is in it. A model trained on it recognizes those rules and no human emotion.",
    speech="synthetic English",
)
DEFAULT_LABEL_SET = "paper7"
# Utterances by label set: Section 4.1 of the paper; and of the four classes, the same utterances.
PAPER_COUNTS: Mapping[str, Mapping[str, int]] = {
    "paper7": {"ang": 1103, "exc": 1040, "hap": 595, "sad": 1084, "fru": 1849, "sur": 107, "neu": 1708},
    "four": {"ang": 1103, "hap": 1635, "sad": 1084, "neu": 1708},
}

_SUMMARY = re.compile(r"^\[\s*[\d.]+\s*-\s*[\d.]+\s*\]\s+(\S+)\s+(\S+)\s+\[")
_ID = re.compile(r"^(?=.{1,100}$)(Ses\d\d)[FM]_((?:impro|script)\d\d)[a-z]?(?:_\d+[a-z]?)?_([FM])\w+$")


def read_iemocap(root: Path, label_set: LabelSet | None = None) -> Corpus:
    """Reads utterances, labels and alignments; audio is not opened.

    Args:
        root: `IEMOCAP_full_release`, or the folder that it is in.
        label_set: Which labels count, and as what; None takes the paper's seven.

    Returns:
        The corpus `iemocap`, or `demo` where the release says that it is synthetic.

    Raises:
        CorpusError: There is no such folder, or it is not an IEMOCAP release.

    Example:
        >>> import tempfile
        >>> dialog, id_ = "Ses01F_impro01", "Ses01F_impro01_M000"
        >>> files = {
        ...     f"dialog/EmoEvaluation/{dialog}.txt": f"[0.0 - 1.0]\\t{id_}\\tneu\\t[2.5, 2.5, 2.5]",
        ...     f"sentences/ForcedAlignment/{dialog}/{id_}.wdseg": "0 99 -612 YES",
        ...     f"sentences/wav/{dialog}/{id_}.wav": "",
        ... }
        >>> with tempfile.TemporaryDirectory() as root:
        ...     for name, text in files.items():
        ...         Path(root, "Session1", name).parent.mkdir(parents=True)
        ...         _ = Path(root, "Session1", name).write_text(text)
        ...     [utterance] = read_iemocap(Path(root)).utterances
        >>> utterance.speaker, utterance.label, utterance.words
        ('Ses01M', 'neu', (Word(text='YES', start=0.0, end=1.0),))
    """
    root = _release_root(root)
    label_set = label_set or LABEL_SETS[DEFAULT_LABEL_SET]
    synthetic = (root / SYNTHETIC_FILE).exists()
    utterances: list[Utterance] = []
    rejected: list[Rejection] = []
    excluded: Counter[str] = Counter()
    seen: set[str] = set()
    for evaluation in _evaluation_files(root):
        for id_, code in _evaluations(evaluation):
            if id_ in seen:
                rejected.append(Rejection(id_, "its id occurs twice; the first is used", str(evaluation)))
                continue
            seen.add(id_)
            if code in label_set.excluded:
                excluded[code] += 1
                continue
            utterance = _utterance(root, evaluation, id_, code, label_set)
            (rejected if isinstance(utterance, Rejection) else utterances).append(utterance)  # type: ignore[arg-type]
    return Corpus(
        DEMO if synthetic else IEMOCAP,
        label_set.labels,
        tuple(sorted(utterances, key=lambda utterance: utterance.id)),
        tuple(sorted(rejected, key=lambda rejection: rejection.id)),
        dict(sorted(excluded.items())),
        synthetic=synthetic,
    )


def read_demo(root: Path, label_set: LabelSet | None = None) -> Corpus:
    """Reads a demo corpus as `read_iemocap` does, and refuses any other release.

    Args:
        root: `IEMOCAP_full_release` as `can-tf demo-corpus` makes it, or the folder that it is in.
        label_set: Which labels count, and as what; None takes the paper's seven.

    Raises:
        CorpusError: There is no such folder, or it is not a demo corpus.
    """
    release = _release_root(root)
    if not (release / SYNTHETIC_FILE).exists():
        raise CorpusError(
            f"{release}: is not a demo corpus: it has no {SYNTHETIC_FILE}, which can-tf demo-corpus writes. "
            f"If it is IEMOCAP, read it with --corpus {IEMOCAP}."
        )
    return read_iemocap(release, label_set)


def _release_root(root: Path) -> Path:
    if not root.is_dir():
        raise CorpusError(f"{root}: there is no such folder. Give --root the folder {RELEASE_FOLDER}.")
    for candidate in (root, root / RELEASE_FOLDER):
        if list(candidate.glob("Session*/dialog/EmoEvaluation")):
            return candidate
    raise CorpusError(
        f"{root}: is not an IEMOCAP release: expected Session1/dialog/EmoEvaluation to Session5/dialog/EmoEvaluation."
    )


def _evaluation_files(root: Path) -> list[Path]:
    """Returns the dialogs' evaluations: not those of single evaluators in sub-folders, nor macOS's `._` files."""
    files = sorted(root.glob("Session*/dialog/EmoEvaluation/*.txt"))
    return [path for path in files if path.is_file() and not path.name.startswith(".")]


def _evaluations(path: Path) -> Iterator[tuple[str, str]]:
    """Yields id and label code of each utterance of a dialog, from the summary lines alone."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read ({error.strerror}).") from error
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    for line in text.splitlines():
        if match := _SUMMARY.match(line):
            yield match[1], match[2]


def _utterance(root: Path, evaluation: Path, id_: str, code: str, label_set: LabelSet) -> Utterance | Rejection:
    if code not in label_set.mapping:
        known = ", ".join([*label_set.mapping, *label_set.excluded])
        return Rejection(
            id_, f"its label {code!r} is unknown; the label set {label_set.name} has {known}", str(evaluation)
        )
    match = _ID.match(id_)
    if match is None:
        return Rejection(id_, "its id is not like Ses01F_impro01_F000 or Ses01F_script01_1_F000", str(evaluation))
    session, scenario, speaker_letter = match.groups()
    sentences = evaluation.parents[2] / "sentences"
    dialog = id_.rsplit("_", 1)[0]
    alignment = sentences / "ForcedAlignment" / dialog / f"{id_}.wdseg"
    audio = sentences / "wav" / dialog / f"{id_}.wav"
    if not alignment.exists():
        return Rejection(id_, "has no alignment file", str(alignment))
    if not audio.exists():
        return Rejection(id_, "has no audio file", str(audio))
    try:
        words = read_alignment(alignment)
    except AlignmentError as error:
        return Rejection(id_, str(error), str(alignment))
    return Utterance(id_, audio, words, label_set.mapping[code], f"{session}{speaker_letter}", session, scenario)
