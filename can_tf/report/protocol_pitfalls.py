"""Which protocols records do not allow, and which labels their folds leave out of a set."""

import dataclasses
from collections.abc import Iterator, Sequence

from can_tf.errors import ConfigError
from can_tf.records.dataset import StoredUtterance
from can_tf.report.pitfall import TOGETHER, Pitfall
from can_tf.training.fold_labels import ADVICE, FoldLabels, faults_in_words, labels_of_folds, lacking_in_words
from can_tf.training.folds import PROTOCOLS, number_of_folds

_MOST_LOOKS = 20_000_000  # Utterances times folds, which takes seconds; nobody trains that many folds.
_TOGETHER = 5  # Folds that speakers are put together in, where a fold for each would lack labels.


def protocol_pitfalls(rows: Sequence[StoredUtterance]) -> list[Pitfall]:
    """Returns, for each protocol whose groups the utterances name, why it cannot be used or what its folds lack.

    Protocols whose folds lack the same are named together.
    """
    impossible, protocols = [], dict[Pitfall, list[str]]()
    for name, protocol in PROTOCOLS.items():
        if protocol.group is None or any(map(protocol.group, rows)):
            try:
                pitfalls = [*_of_folds(rows, name)]
            except ConfigError as error:
                impossible.append(_impossible(name, str(error)))
            else:
                for pitfall in pitfalls:
                    protocols.setdefault(pitfall, []).append(name)
    return [
        *impossible,
        *(
            dataclasses.replace(pitfall, what=f"--protocol {', '.join(names)}: {pitfall.what}")
            for pitfall, names in protocols.items()
        ),
    ]


def _impossible(name: str, reason: str) -> Pitfall:
    return Pitfall(
        kind="protocol-impossible",
        what=f"{reason[0].upper()}{reason[1:]}",
        effect=f"No score tells how a model does with a {name} that it was not trained on",
        advice=f"Add another {name}, or test on another corpus: can-tf evaluate RUN --records OTHER",
    )


def _of_folds(rows: Sequence[StoredUtterance], name: str) -> Iterator[Pitfall]:
    """Yields pitfalls that do not name the protocol; raises ConfigError where it cannot be used."""
    few = number_of_folds(rows, name) * len(rows) <= _MOST_LOOKS
    folds = labels_of_folds(rows, name) if few else []
    if faults := {number: fold.fault for number, fold in enumerate(folds) if fold.fault}:
        yield Pitfall(
            kind="protocol-fault",
            what=faults_in_words(faults, len(folds)),
            effect="Training refuses",
            advice=f"{ADVICE[0].upper()}{ADVICE[1:]}",
        )
    elif PROTOCOLS[name].group and (lacking := lacking_in_words(folds)):  # What is rare lacks in random folds.
        untrained = any(fold.lacking("train", fold.test) for fold in folds)
        yield Pitfall(
            kind="protocol-lacks-label",
            labels=_lacking(folds),
            what=lacking,
            effect="Test utterances of a label that was not trained count as wrong"
            if untrained
            else "A fold's UA is the mean over the labels that it tests, so folds cannot be compared",
            advice=_put_together(rows, name) or TOGETHER,
        )


def _lacking(folds: Sequence[FoldLabels]) -> tuple[str, ...]:
    sets = [counts for fold in folds for counts in fold.sets.values()]
    return tuple(sorted({label for counts in sets for label in counts if not all(label in other for other in sets)}))


def _put_together(rows: Sequence[StoredUtterance], name: str) -> str:
    """Returns the advice to put speakers together, where no set lacks a label then."""
    if name != "speaker" or number_of_folds(rows, name) <= _TOGETHER:
        return ""
    folds = labels_of_folds(rows, name, folds=_TOGETHER)
    good = not lacking_in_words(folds) and not any(fold.fault for fold in folds)
    return f"Take --folds {_TOGETHER}, which puts speakers together so that no set lacks a label" if good else ""
