"""Reads an audio folder of Hugging Face's datasets: recordings, with a table beside them or in a folder for each label.

https://huggingface.co/docs/datasets/audio_dataset: `metadata.csv` or `metadata.jsonl` has a column `file_name`, a path
from its own folder, and others: here `emotion` or `label`, `speaker` or `speaker_id`, and `transcript`,
`transcription`, `text` or `sentence`, under other names with `--column`; also `alignment`, `session` and `scenario`,
as in a manifest. It stands in the folder, or in that of each part, such as `train`. Without one, recordings are
LABEL/x.wav or train/LABEL/x.wav. All parts count together: folds are made here. A path that leads out of the folder is
refused.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path

from can_tf.audio.streams import SUFFIXES
from can_tf.corpus.columns import lacking, written_names
from can_tf.corpus.label_folders import LABEL_FOLDERS
from can_tf.corpus.labels import LabelSet
from can_tf.corpus.manifest import rows_of
from can_tf.corpus.options import DEFAULT_OPTIONS, CorpusOptions
from can_tf.corpus.rows import NOTHING, Listed, corpus_of_rows, leads_out
from can_tf.corpus.tables import read_table
from can_tf.corpus.utterance import Corpus
from can_tf.errors import CorpusError

AUDIO_FOLDER = "audio-folder"  # The name of the corpus.
_TABLES = ("metadata.csv", "metadata.jsonl")
_FILE = "file_name"
_REQUIRED = ("id", "audio", "label")
_PARTS = "train training test testing eval evaluation dev val valid validation".split()
_ABOVE_PARTS = "data"


def read_audio_folder(
    root: Path, label_set: LabelSet | None = None, options: CorpusOptions = DEFAULT_OPTIONS
) -> Corpus:
    """Reads tables, or names of folders; of the audio, at most its length is read.

    Args:
        root: The folder of `metadata.csv`, of `train` and the like, or of the labels' folders.
        label_set: Which labels count, and as what; None takes the folder's own in alphabetical order.
        options: Other names of columns, and how alignments are read.

    Raises:
        CorpusError: There is no recording, or a table cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Path(folder, "calm").mkdir()
        ...     Path(folder, "calm", "a.wav").touch()
        ...     corpus = read_audio_folder(Path(folder))
        >>> corpus.utterances[0].id, corpus.labels
        ('calm/a.wav', ('calm',))
    """
    tables = _tables(root)
    if options.columns and not tables:
        raise CorpusError(f"{root}: has no table {' or '.join(_TABLES)} with columns; leave --column out.")
    listed = [each for path in tables for each in _of_table(root, path, options)] if tables else list(_of_folders(root))
    return corpus_of_rows(AUDIO_FOLDER, root, listed, label_set, options, folder=root)


def _tables(root: Path) -> list[Path]:
    """Returns the tables of the folder and of its parts.

    Raises:
        CorpusError: A folder has two.
    """
    found = [path for pattern in ("", "*/", "*/*/") for name in _TABLES for path in root.glob(pattern + name)]
    tables = sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(root).parts))
    for one, other in itertools.pairwise(tables):
        if one.parent == other.parent:
            raise CorpusError(f"{one.parent}: has both {' and '.join(_TABLES)}; expected one of them.")
    return tables


def _of_table(root: Path, path: Path, options: CorpusOptions) -> Iterator[Listed]:
    renamed = dict(options.columns)
    table = read_table(path, [_FILE, *renamed.values()])
    file, id_ = renamed.pop("audio", _FILE), renamed.pop("id", "")
    if file not in table.columns:
        found = ", ".join(ascii(name)[1:-1][:40] for name in table.columns[:20]) or "nothing"
        raise CorpusError(f"{path}: has no column {file}; expected one with the path of each recording, found {found}.")
    names = written_names(table.columns, renamed)
    if "label" not in names:
        raise CorpusError(f"{path}: {lacking('the label', ['label'], table.columns, renamed)}")
    part = path.parent.relative_to(root)
    for place, row, fault, _ in rows_of(path, table, {"id": id_ or file, "audio": file, **names}, _REQUIRED):
        paths = {name: row[name] for name in ("audio", "alignment") if row[name]}
        fault = fault or next(filter(None, map(leads_out, paths.values())), "" if row["audio"] else "names no file")
        below = {} if fault else {name: (part / value).as_posix() for name, value in paths.items()}
        named = {} if id_ else {"id": (part / row["id"]).as_posix()}
        yield Listed(f"{(part / path.name).as_posix()} {place}", {**row, **below, **named}, fault)


def _of_folders(root: Path) -> Iterator[Listed]:
    names = sorted(path.relative_to(root) for path in root.glob("**/*") if path.suffix.lower() in SUFFIXES)
    names = [name for name in names if not any(part.startswith(".") for part in name.parts)]
    if not any(_label(name) for name in names):
        hint = f" For LABEL/SPEAKER/x.wav there is {LABEL_FOLDERS}." if names else ""
        raise CorpusError(
            f"{root}: has no recording LABEL/x.wav or train/LABEL/x.wav, and no {' or '.join(_TABLES)}; expected an "
            f"audio folder of Hugging Face's.{hint}"
        )
    for name in names:
        label, place = _label(name), ascii(name.as_posix())[1:-1]
        fault = "" if label else "is in no folder LABEL or train/LABEL, and there is no table that tells its label"
        yield Listed(place, {**NOTHING, "id": name.as_posix(), "audio": name.as_posix(), "label": label}, fault)


def _label(name: Path) -> str:
    """Returns the label of a recording by its folders; "" where they do not tell it."""
    folders = list(name.parts[:-1])
    if len(folders) > 1 and folders[0] == _ABOVE_PARTS:
        folders = folders[1:]
    if len(folders) > 1 and folders[0].lower() in _PARTS:
        folders = folders[1:]
    return folders[0] if len(folders) == 1 and folders[0].lower() not in _PARTS else ""
