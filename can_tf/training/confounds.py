"""What else than the speech may tell a label: who speaks, the corpus, the session, the scenario, or the very words.

A model learns whatever tells labels apart. Where one speaker alone has a label, or where nearly all that a speaker says
has one label, a voice does, and scores of sets that share speakers cannot tell whether anything else was learned.
"""

import dataclasses
import heapq
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence

from can_tf.training.folds import UtteranceRow

# What groups utterances, the likeliest to tell a label first, with its plural.
CONFOUNDS: Mapping[str, str] = {
    "speaker": "speakers",
    "corpus": "corpora",
    "session": "sessions",
    "scenario": "scenarios",
}
_TOLD_SHARE = 0.9

Groups = Mapping[str, Mapping[str, int]]  # Utterances by label, by group.


@dataclasses.dataclass(frozen=True)
class Guess:
    """How well a label is guessed from the other utterances that share something.

    Attributes:
        right: How many are guessed right by the commonest label of the others.
        constant: How many have the commonest label of all, which a constant guess gets right.
        count: Of how many; an utterance that shares with no other is not guessed.
    """

    right: int
    constant: int
    count: int

    @property
    def tells(self) -> bool:
        """Whether nine in ten are right, and at most half as many wrong as by the constant guess."""
        wrong, wrong_by_constant = self.count - self.right, self.count - self.constant
        return self.right >= _TOLD_SHARE * self.count and 0 < wrong_by_constant >= 2 * wrong

    def in_words(self, name: str) -> str:
        """Returns how well something tells the label.

        Example:
            >>> Guess(right=38, constant=10, count=40).in_words("speaker")
            'to know the speaker is nearly to know the label (38 of 40 utterances; a constant guess is right for 10)'
        """
        counts = f"{self.right} of {self.count} utterances; a constant guess is right for {self.constant}"
        return f"to know the {name} is nearly to know the label ({counts})"


def counts_by_group(rows: Sequence[UtteranceRow], name: str) -> dict[str, Counter[str]]:
    """Returns the utterances by label of each group; nothing where an utterance is in no group.

    Args:
        rows: All utterances.
        name: Of the field that names an utterance's group.
    """
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        groups[getattr(row, name)][row.label] += 1
    return {} if "" in groups else dict(groups)


def groups_by_confound(rows: Sequence[UtteranceRow]) -> dict[str, dict[str, Counter[str]]]:
    """Returns the groups of each of CONFOUNDS that has two or more; the same groups under another name only once."""
    found, seen = {}, []
    for name in CONFOUNDS:
        first: dict[str, int] = {}
        places = [first.setdefault(getattr(row, name), place) for place, row in enumerate(rows)]
        groups = counts_by_group(rows, name)
        if len(groups) > 1 and places not in seen:
            seen.append(places)
            found[name] = groups
    return found


def guess_by_group(groups: Groups) -> Guess:
    """Returns how well the label of an utterance is guessed by the commonest label of the others of its group.

    A guess for which two labels are as common is wrong.

    Example:
        >>> guess_by_group({"anna": {"calm": 5, "loud": 1}, "ben": {"loud": 2}, "eve": {"calm": 1}})
        Guess(right=7, constant=5, count=8)
    """
    right, all_counts = 0, Counter[str]()
    for counts in groups.values():
        if sum(counts.values()) == 1:
            continue
        all_counts.update(counts)
        first, second = heapq.nlargest(2, (*counts.values(), 0))
        right += first if first - 1 > second else 0
    return Guess(right, max(all_counts.values(), default=0), all_counts.total())


def labels_of_one_group(groups: Groups) -> dict[str, str]:
    """Returns the group by label, for labels of two utterances or more that one group alone has.

    Example:
        >>> labels_of_one_group({"anna": {"calm": 5, "sad": 2}, "ben": {"calm": 2, "loud": 1}})
        {'sad': 'anna'}
    """
    groups_of = defaultdict[str, list[str]](list)
    for group, counts in groups.items():
        for label in counts:
            groups_of[label].append(group)
    alone = {label: names[0] for label, names in groups_of.items() if len(names) == 1}
    return {label: group for label, group in sorted(alone.items()) if groups[group][label] > 1}


def shared_confounds(rows: Sequence[UtteranceRow], train: Collection[str], test: Collection[str]) -> list[str]:
    """Returns, for whoever starts a training, what tells the label and is shared by two sets: a line each.

    Args:
        rows: All utterances.
        train: The ids that train.
        test: The ids that test.
    """
    lines, train, test = [], set(train), set(test)
    for name, groups in groups_by_confound(rows).items():
        trained, tested = ({getattr(row, name) for row in rows if row.id in ids} for ids in (train, test))
        if trained & tested and (guess := guess_by_group(groups)).tells:
            words = guess.in_words(name)
            shared = f"The training and test sets share {CONFOUNDS[name]}, and {words}: scores may flatter."
            lines.append(f"{shared} --protocol {name} keeps them apart.")
    return lines
