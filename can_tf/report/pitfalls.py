"""What to watch out for in records, in training and in reading scores, as far as the list of utterances tells."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from can_tf.corpus.similar_labels import similar_labels
from can_tf.progress import amount, listed
from can_tf.records.dataset import Dataset, StoredUtterance
from can_tf.report.expected import SHARE, expected_of_records
from can_tf.report.pitfall import TOGETHER, Pitfall
from can_tf.report.protocol_pitfalls import protocol_pitfalls
from can_tf.training.confounds import (
    CONFOUNDS,
    Groups,
    counts_by_group,
    groups_by_confound,
    guess_by_group,
    labels_of_one_group,
)
from can_tf.training.folds import PAPER_FOLDS

_LEAST_SETS = 3
_UNBALANCED = 5  # The commonest label for each of the rarest.
_WIDE = 0.1  # The half width of a fold's interval beyond which a fold says little.
_SHARED_SENTENCES = 0.1  # Of all utterances, from which on it matters.
_OTHER_LABELS = "leave them out, or merge them (--labels FILE)"
# Of what one group alone has a label: what a model may learn in its place.
_MISTAKEN = {
    "speaker": "A model may learn that voice in place of the label, and no other voice tests it",
    "corpus": "A model may tell that corpus by its microphone, and seem to know the label",
    "session": "A model may tell that session by its room or microphone, and seem to know the label",
    "scenario": "A model may tell that scenario by its words, and seem to know the label",
}


def find_pitfalls(dataset: Dataset) -> list[Pitfall]:
    """Returns what to watch out for in records: labels first, then what may be mistaken for them, protocols, scores.

    Example:
        >>> from pathlib import Path
        >>> from can_tf.records.dataset import load_dataset
        >>> find_pitfalls(load_dataset(Path("data/records")))[0].kind
        'rare-label'
    """
    rows = dataset.utterances
    counts = Counter(row.label for row in rows)
    unused = [*_unused(dataset, counts)]
    if len(counts) < 2:
        return [*unused, *_one_label(counts), *_same_sound(dataset)]
    return [
        *unused,
        *_rare(counts),
        *_unbalanced(counts),
        *_alike(counts),
        *_confounds(rows, {label for label, count in counts.items() if count < _LEAST_SETS}),
        *_same_sentence(rows),
        *_same_sound(dataset),
        *protocol_pitfalls(rows),
        *_wide_interval(counts),
    ]


def _unused(dataset: Dataset, counts: Mapping[str, int]) -> Iterator[Pitfall]:
    if unused := tuple(label for label in dataset.labels if label not in counts):
        yield Pitfall(
            kind="unused-label",
            labels=unused,
            what=f"No utterance has the label {listed(unused)}",
            effect="A model gets an output for it that nothing trains and nothing tests",
            advice="Leave it out with --labels FILE",
        )


def _one_label(counts: Mapping[str, int]) -> Iterator[Pitfall]:
    for label, count in counts.items():
        yield Pitfall(
            kind="one-label",
            labels=(label,),
            what=f"The only label is {label} ({amount(count, 'utterances')})",
            effect="There is nothing to tell apart, and training refuses",
            advice="Build records from more, or with other labels (--labels FILE)",
        )


def _rare(counts: Mapping[str, int]) -> Iterator[Pitfall]:
    rare = {label: count for label, count in _by_count(counts) if count < PAPER_FOLDS}
    if few := [label for label, count in rare.items() if count < _LEAST_SETS]:
        yield Pitfall(
            kind="rare-label",
            labels=tuple(few),
            what=f"Labels of fewer than {_LEAST_SETS} utterances: {_counted(few, counts)}",
            effect="No fold has one each to train, to validate and to test, and UA counts them as much as any other",
            advice=f"Record more, {_OTHER_LABELS}",
        )
    if others := [label for label in rare if label not in few]:
        yield Pitfall(
            kind="rare-label",
            labels=tuple(others),
            what=f"Labels of fewer than {PAPER_FOLDS} utterances: {_counted(others, counts)}",
            effect="A random fold tests one of them or none: its recall is 1, 0 or missing",
            advice=f"{TOGETHER}; or record more, {_OTHER_LABELS}",
        )


def _unbalanced(counts: Mapping[str, int]) -> Iterator[Pitfall]:
    (rarest, least), *_, (commonest, most) = _by_count(counts)
    if most < _UNBALANCED * least:
        return
    total = sum(counts.values())
    yield Pitfall(
        kind="unbalanced",
        labels=(commonest, rarest),
        what=f"Of {total} utterances, {most} are {commonest} and {least} {rarest} ({most / least:.0f} to 1)",
        effect=f"A constant guess of {commonest} gets WA {most / total:.3f} and UA {1 / len(counts):.3f}",
        advice="Compare UA, and try --class-weight balanced",
    )


def _alike(counts: Mapping[str, int]) -> Iterator[Pitfall]:
    if alike := [*similar_labels(counts)]:
        yield Pitfall(
            kind="similar-labels",
            what=f"Labels that look alike: {listed(alike)}",
            effect="Each is a class of its own",
            advice="To make them one, map them with --labels FILE",
        )


def _confounds(rows: Sequence[StoredUtterance], told: set[str]) -> Iterator[Pitfall]:
    """Yields by what else than speech labels are known, each label once.

    Args:
        rows: All utterances.
        told: Labels of which enough is said.
    """
    for name, groups in groups_by_confound(rows).items():
        alone = labels_of_one_group(groups)
        if guess_by_group(groups).tells:
            yield _tells(name, groups)
        elif new := {label: group for label, group in alone.items() if label not in told}:
            yield _of_one(name, new, groups)
        told = told | set(alone)


def _tells(name: str, groups: Mapping[str, Counter[str]]) -> Pitfall:
    words = guess_by_group(groups).in_words(name)
    largest = sorted(groups.items(), key=lambda group: (-group[1].total(), group[0]))
    commonest = [(group, counts, counts.most_common(1)[0]) for group, counts in largest]
    named = [f"{group} {label} ({count} of {counts.total()})" for group, counts, (label, count) in commonest]
    return Pitfall(
        kind=f"{name}-tells-label",
        labels=tuple(sorted({label for counts in groups.values() for label in counts})),
        what=f"{words[0].upper()}{words[1:]}: {listed(named)}",
        effect=f"Random folds share {CONFOUNDS[name]}, so a model that only recognizes these scores high",
        advice=f"Take --protocol {name}, which needs each label from three {CONFOUNDS[name]} or more",
    )


def _of_one(name: str, alone: Mapping[str, str], groups: Groups) -> Pitfall:
    named = [f"{label} ({group}, {groups[group][label]})" for label, group in alone.items()]
    return Pitfall(
        kind=f"label-of-one-{name}",
        labels=tuple(alone),
        what=f"Labels that one {name} alone has: {listed(named)}",
        effect=_MISTAKEN[name],
        advice=f"Take them from more {CONFOUNDS[name]}, {_OTHER_LABELS}",
    )


def _same_sentence(rows: Sequence[StoredUtterance]) -> Iterator[Pitfall]:
    guess = guess_by_group(counts_by_group(rows, "words"))
    if guess.count >= _SHARED_SENTENCES * len(rows):
        effect = "Random folds train and test on the same sentences"
        if guess.right > guess.constant:
            effect += f", which flatters: their words tell {guess.right} labels, a constant guess {guess.constant}"
        else:
            effect += ", though these do not tell the label, so that there is nothing to learn from their words"
        yield Pitfall(
            kind="same-sentence",
            what=f"{guess.count} of {len(rows)} utterances have the very words of another",
            effect=effect,
            advice="can-tf inspect --leakage counts such utterances for each protocol",
        )


def _same_sound(dataset: Dataset) -> Iterator[Pitfall]:
    if same := dataset.same_sound:
        label_of = {row.id: row.label for row in dataset.utterances}
        others = sum(label_of.get(id_) != label_of.get(first) for id_, first in same.items())
        labeled = f", {others} of them under another label" if others else ""
        yield Pitfall(
            kind="same-sound",
            what=f"{len(same)} of {len(dataset.utterances)} utterances have the very sound of another{labeled}: "
            + listed([f"{id_} that of {first}" for id_, first in same.items()]),
            effect="A fold may test on what it trained on",
            advice="Leave the copies out of the corpus",
        )


def _wide_interval(counts: Mapping[str, int]) -> Iterator[Pitfall]:
    fold, together = (expected_of_records(counts)[name] for name in ("fold", "all"))
    if max(fold.wa, fold.ua) > _WIDE:
        yield Pitfall(
            kind="wide-interval",
            what=f"A random fold tests about {amount(fold.utterances, 'utterances')}",
            effect=f"A WA of {SHARE:.2f} is known to ± {fold.wa:.2f} there and a UA to ± {fold.ua:.2f} (95 %); over "
            f"all test sets together, to ± {together.wa:.2f} and ± {together.ua:.2f}",
            advice="Compare models over all test sets together and several seeds: can-tf cross-validate --seeds 5",
        )


def _by_count(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (item[1], item[0]))


def _counted(labels: Sequence[str], counts: Mapping[str, int]) -> str:
    return listed([f"{label} ({counts[label]})" for label in labels])
