"""The sets that train, validate and test: pure functions of the list of utterances, the protocol and the seed.

The paper's protocol is 10-fold cross-validation with 8:1:1 (Section 4.1); it does not say how the folds are drawn. Here
they are random and stratified by label, and validation is the next fold. Speakers and sentences of the test set then
occur in training too, which flatters: the other protocols each keep one of them apart.

Order comes from SHA-256 rather than a random generator, so that folds are the same on every machine and version.
"""

import dataclasses
import hashlib
import typing
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from can_tf.errors import ConfigError

PAPER_FOLDS = 10
_LEAST_GROUPS = 3  # To train, to validate and to test.
_IdsOfFold = Callable[[int], Sequence[str]]


class UtteranceRow(typing.Protocol):
    """What folds are made from: any utterance that has these."""

    @property
    def id(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def speaker(self) -> str: ...
    @property
    def session(self) -> str: ...
    @property
    def scenario(self) -> str: ...
    @property
    def corpus(self) -> str: ...


@dataclasses.dataclass(frozen=True, slots=True)
class Fold:
    """Ids of the three sets, each sorted; together they are all utterances, each once."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Protocol:
    """How utterances fall into groups, of which one tests and another validates.

    Attributes:
        group: What an utterance's group is named by; None where groups are drawn at random.
        description: What a user reads.
        validation: Of the utterances and the ids by group, a function of the fold that returns the ids that validate;
            None is the next group.
        source: Where the groups' names come from.
        least: The fewest groups.
    """

    group: Callable[[UtteranceRow], str] | None
    description: str
    validation: Callable[[Sequence[UtteranceRow], Mapping[str, Sequence[str]]], _IdsOfFold] | None = None
    source: str = "a column of the same name in the manifest"
    least: int = _LEAST_GROUPS


PROTOCOLS: Mapping[str, Protocol] = {
    "paper": Protocol(None, "10-fold, random, stratified, 8:1:1"),
    "session": Protocol(lambda row: row.session, "one session tests, the next validates"),
    "speaker": Protocol(
        lambda row: row.speaker,
        "one speaker tests, its session partners or the next speakers validate",
        validation=lambda rows, groups: _session_partners_or_next(rows, groups),
    ),
    "scenario": Protocol(lambda row: row.scenario, "one script or scenario tests, the next validates"),
    "corpus": Protocol(
        lambda row: row.corpus,
        "one corpus tests, a tenth of each other's speakers validates",
        validation=lambda rows, groups: lambda fold: _tenth_of_others(rows, [*groups][fold]),
        source="a list of corpora, --corpus several",
        least=2,
    ),
}


def number_of_folds(rows: Sequence[UtteranceRow], protocol: str) -> int:
    """Returns how many folds a protocol has on a corpus; raises ConfigError as `make_fold` does."""
    return len(_groups(rows, protocol, seed=0))


def folds_to_run(rows: Sequence[UtteranceRow], protocol: str, asked: int | None, folds: int = 0) -> int:
    """Returns how many folds to run: so many as are asked for, or all; `folds` is as `make_fold` has it.

    Raises:
        ConfigError: There are fewer, or `make_fold` would raise it.
    """
    there_are = folds or number_of_folds(rows, protocol)
    if asked is not None and asked > there_are:
        raise ConfigError(f"--folds {asked}: the {protocol} protocol has {there_are} folds here.")
    return asked or there_are


def speaker_folds(rows: Sequence[UtteranceRow], protocol: str, asked: int | None) -> int:
    """Returns how many folds speakers are put together in, if so many folds are asked for; 0 where they are not.

    That is where there are more speakers than folds, and folds enough to train, validate and test.

    Example:
        >>> from types import SimpleNamespace
        >>> rows = [SimpleNamespace(id=f"u{each}", label="calm", speaker=f"s{each}") for each in range(24)]
        >>> speaker_folds(rows, "speaker", 5), speaker_folds(rows, "speaker", None), speaker_folds(rows, "paper", 5)
        (5, 0, 0)
    """
    together = protocol == "speaker" and asked is not None and asked >= _LEAST_GROUPS
    return asked if together and asked < number_of_folds(rows, protocol) else 0  # type: ignore[operator,return-value]


def make_fold(rows: Sequence[UtteranceRow], protocol: str, fold: int, seed: int = 0, folds: int = 0) -> Fold:
    """Returns the sets of one fold.

    Args:
        rows: All utterances, in any order.
        protocol: A name in PROTOCOLS.
        fold: From 0.
        seed: Of the random groups of "paper"; the other protocols have nothing random.
        folds: How many folds the speakers of the protocol "speaker" are put together in; 0 is one for each speaker.

    Raises:
        ConfigError: There is no such protocol or fold, or the corpus lacks what the protocol goes by.

    Example:
        >>> from types import SimpleNamespace
        >>> said = {"label": "calm", "speaker": "anna", "scenario": ""}
        >>> rows = [SimpleNamespace(id=f"u{number}", session=f"s{number % 3}", **said) for number in range(6)]
        >>> make_fold(rows, "session", 0)
        Fold(train=('u2', 'u5'), validation=('u1', 'u4'), test=('u0', 'u3'))
    """
    tests, validates = _held_out(rows, protocol, seed, folds)
    if not 0 <= fold < len(tests):
        raise ConfigError(f"fold {fold} does not exist: the {protocol} protocol has folds 0 to {len(tests) - 1} here")
    test, validation = tests[fold], validates(fold)
    rest = {row.id for row in rows} - set(test) - set(validation)
    return Fold(tuple(sorted(rest)), tuple(sorted(validation)), tuple(sorted(test)))


def held_out(
    rows: Sequence[UtteranceRow], protocol: str, seed: int = 0, folds: int = 0
) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Yields, for each fold, the ids that validate and those that test, unsorted; the others train.

    Arguments and errors are those of `make_fold`, which takes as long for one fold as this takes for many.

    Example:
        >>> from types import SimpleNamespace
        >>> rows = [SimpleNamespace(id=f"u{each}", session=f"s{each}") for each in range(3)]
        >>> list(held_out(rows, "session"))
        [(['u1'], ['u0']), (['u2'], ['u1']), (['u0'], ['u2'])]
    """
    tests, validates = _held_out(rows, protocol, seed, folds)
    for fold, test in enumerate(tests):
        yield validates(fold), test


def _held_out(rows: Sequence[UtteranceRow], protocol: str, seed: int, folds: int) -> tuple[list[list[str]], _IdsOfFold]:
    """Returns the ids that test, by fold, and a function of the fold that returns those that validate."""
    groups = _groups(rows, protocol, seed)
    if folds:
        groups = _together(rows, protocol, groups, folds)
    tests = list(groups.values())
    choose = None if folds else PROTOCOLS[protocol].validation
    return tests, choose(rows, groups) if choose else lambda fold: tests[(fold + 1) % len(tests)]


def _groups(rows: Sequence[UtteranceRow], protocol: str, seed: int) -> dict[str, list[str]]:
    """Returns ids by group, groups in alphabetical order."""
    if protocol not in PROTOCOLS:
        raise ConfigError(f"there is no protocol {protocol!r}; expected one of {', '.join(PROTOCOLS)}")
    name_of = PROTOCOLS[protocol].group
    if name_of is None:
        return _random_groups(rows, seed)
    groups: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda row: (name_of(row), row.id)):
        groups.setdefault(name_of(row), []).append(row.id)
    if "" in groups:
        raise ConfigError(
            f"the {protocol} protocol needs a {protocol} for each utterance, and {groups[''][0]} has none; build "
            f"records from {PROTOCOLS[protocol].source}, or take another --protocol"
        )
    if len(groups) < (least := PROTOCOLS[protocol].least):
        raise ConfigError(
            f"the {protocol} protocol needs {least} different values of {protocol} at least, to train, "
            f"validate and test; here are {len(groups)}: {', '.join(groups)}"
        )
    return groups


def _together(
    rows: Sequence[UtteranceRow], protocol: str, groups: Mapping[str, Sequence[str]], folds: int
) -> dict[str, list[str]]:
    """Returns ids by fold: speakers are dealt out, the largest first, to where their labels are needed most."""
    if protocol != "speaker" or not _LEAST_GROUPS <= folds <= len(groups):
        raise ConfigError(
            f"folds {folds} does not fit the {protocol} protocol here; expected {_LEAST_GROUPS} to {len(groups)} with "
            "--protocol speaker"
        )
    label_of = {row.id: row.label for row in rows}
    counts = {name: Counter(label_of[id_] for id_ in ids) for name, ids in groups.items()}
    in_all = Counter(label_of.values())
    dealt: list[Counter[str]] = [Counter() for _ in range(folds)]
    ids_of: dict[str, list[str]] = {str(fold): [] for fold in range(folds)}

    def crowded(fold: int, name: str) -> tuple[float, int, int]:
        grown = sum(
            count * (2 * dealt[fold][label] + count) / in_all[label] ** 2 for label, count in counts[name].items()
        )
        return grown, dealt[fold].total(), fold

    for name in sorted(groups, key=lambda name: (-len(groups[name]), name)):
        fold = min(range(folds), key=lambda fold: crowded(fold, name))
        dealt[fold] += counts[name]
        ids_of[str(fold)] += groups[name]
    return ids_of


def _random_groups(rows: Sequence[UtteranceRow], seed: int) -> dict[str, list[str]]:
    """Deals the utterances of each label out in a shuffled order, going on where the label before it stopped."""

    def shuffled(row: UtteranceRow) -> tuple[str, str]:
        return row.label, hashlib.sha256(f"{seed}:{row.id}".encode()).hexdigest()

    groups: dict[str, list[str]] = {str(fold): [] for fold in range(PAPER_FOLDS)}
    for index, row in enumerate(sorted(rows, key=shuffled)):
        groups[str(index % PAPER_FOLDS)].append(row.id)
    return groups


def _session_partners_or_next(rows: Sequence[UtteranceRow], groups: Mapping[str, Sequence[str]]) -> _IdsOfFold:
    """Returns a function of the fold: all utterances of the other speakers of the test speaker's sessions.

    The next speakers validate where a speaker was alone, or where nothing tells sessions apart: nobody would be left to
    train on.
    """
    sessions_of, speakers_in = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for row in rows:
        sessions_of[row.speaker].add(row.session)
        speakers_in[row.session].add(row.speaker)
    speakers, next_groups = list(groups), _next_groups(groups)

    def validation(fold: int) -> Sequence[str]:
        speaker = speakers[fold]
        sessions = sessions_of[speaker]
        others = set[str]().union(*(speakers_in[session] for session in sessions)) - {speaker}
        alone = not others or "" in sessions or len(others) == len(speakers) - 1
        return next_groups(fold) if alone else [id_ for name in sorted(others) for id_ in groups[name]]

    return validation


def _tenth_of_others(rows: Sequence[UtteranceRow], tested: str) -> list[str]:
    """Returns speakers of each corpus but the one that tests, until they are a tenth of it; one at least trains.

    Of a corpus of one speaker, they are utterances.
    """
    validation: list[str] = []
    for corpus in sorted({row.corpus for row in rows} - {tested}):
        own = sorted((row for row in rows if row.corpus == corpus), key=lambda row: row.id)
        alone = len({row.speaker for row in own}) == 1
        groups: dict[str, list[str]] = {}
        for row in own:
            groups.setdefault(row.id if alone else row.speaker, []).append(row.id)
        drawn = sorted(groups, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
        validation += _tenth(groups, drawn[:-1], len(own))
    return validation


def _next_groups(groups: Mapping[str, Sequence[str]]) -> _IdsOfFold:
    """Returns a function of the fold: a tenth of all from the groups after it, from the first again after the last.

    One group at least is left to train on.
    """
    names, total = list(groups), sum(map(len, groups.values()))
    return lambda fold: _tenth(groups, [*names[fold + 1 :], *names[:fold]][:-1], total)


def _tenth(groups: Mapping[str, Sequence[str]], names: Sequence[str], total: int) -> list[str]:
    """Returns the ids of some groups, from the first named until they are a tenth of the total."""
    ids: list[str] = []
    for name in names:
        ids += groups[name]
        if len(ids) * PAPER_FOLDS >= total:
            break
    return ids
