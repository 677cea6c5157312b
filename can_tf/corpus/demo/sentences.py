"""What is said in the demo corpus: sentences that people wrote and labeled, and who gets which of them."""

from collections import Counter
from importlib import resources

import numpy as np

# How often a line's words have another label than its voice.
_PLAYED_AGAINST_THE_WORDS = {"script": 0.3, "impro": 0.05}


class SentenceSupply:
    """The supply of sentences: those of the scripts recur in each session, the others in a random order."""

    def __init__(self, generator: np.random.Generator):
        by_label: dict[str, list[str]] = {}
        for label, sentence in read_sentences():
            by_label.setdefault(label, []).append(sentence)
        self._scripted: dict[str, list[str]] = {}
        self._improvised: dict[str, list[str]] = {}
        for label, sentences in by_label.items():
            order = [sentences[index] for index in generator.permutation(len(sentences))]
            cut = len(order) // 3
            self._scripted[label], self._improvised[label] = order[:cut], order[cut:]
        self._labels = sorted(by_label)
        self._next: Counter[tuple[str, str]] = Counter()

    def new_session(self) -> None:
        """Begins the scripts again, as each session performs them."""
        self._next = Counter({key: count for key, count in self._next.items() if key[0] == "impro"})

    def draw(self, label: str, kind: str, generator: np.random.Generator) -> str:
        """Returns a sentence for a label; now and then, one whose words have another."""
        words_label = label
        if label not in self._labels or generator.random() < _PLAYED_AGAINST_THE_WORDS[kind]:
            words_label = str(generator.choice(self._labels))
        supply = (self._scripted if kind == "script" else self._improvised)[words_label]
        place = self._next[kind, words_label]
        self._next[kind, words_label] += 1
        return supply[place % len(supply)]


def read_sentences() -> list[tuple[str, str]]:
    """Returns label and words of each of the sentences that ship with can_tf.

    Example:
        >>> label, sentence = read_sentences()[0]
        >>> label, sentence[:21]
        ('ang', 'an angry old person y')
    """
    text = (resources.files("can_tf.corpus") / "data" / "demo_sentences.tsv").read_text(encoding="utf-8")
    return [(label, sentence) for label, sentence, _ in (line.split("\t") for line in text.splitlines())]
