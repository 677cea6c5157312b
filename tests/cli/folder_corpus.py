"""A corpus that can_tf does not know: a folder of wav files for each label, named SPEAKER-WORDS.wav."""

from can_tf.alignment.word import Word
from can_tf.corpus.labels import label_set_of
from can_tf.corpus.registry import Reader
from can_tf.corpus.source import Source
from can_tf.corpus.utterance import Corpus, Utterance


def _read(root, label_set):
    paths = sorted(root.glob("*/*.wav"))
    label_set = label_set or label_set_of([path.parent.name for path in paths])
    utterances, excluded = [], {}
    for path in paths:
        label = path.parent.name
        if label in label_set.excluded:
            excluded[label] = excluded.get(label, 0) + 1
            continue
        speaker, *said = path.stem.split("-")
        words = tuple(Word(text, 0.2 * place, 0.2 * place + 0.2) for place, text in enumerate(said))
        utterances.append(Utterance(f"{label}-{path.stem}", path, words, label_set.mapping[label], speaker))
    return Corpus("folders", label_set.labels, tuple(utterances), rejected=(), excluded=excluded)


FOLDERS = Reader(
    read=_read,
    root="a folder with one folder of recordings per label",
    source=Source(license="Made for a test: whatever you like."),
    published_counts={"its own": {"calm": 3, "loud": 2}},
    synthetic=True,
)
