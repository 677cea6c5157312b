"""How much of what a fold tests occurs in its training set, by protocol: a high score may be memory."""

from collections.abc import Callable, Mapping, Sequence

from can_tf.records.dataset import StoredUtterance
from can_tf.training.folds import make_fold, number_of_folds

# What an utterance may share with one of the training set; an empty value is shared with nobody.
SHARED: Mapping[str, Callable[[StoredUtterance], str]] = {
    "speaker": lambda utterance: utterance.speaker,
    "session": lambda utterance: utterance.session,
    "scenario": lambda utterance: utterance.scenario,
    "sentence": lambda utterance: utterance.words,
}


def shared_with_training(utterances: Sequence[StoredUtterance], protocol: str, seed: int = 0) -> dict[str, int]:
    """Returns, for each of SHARED, how many utterances share it with their own fold's training set when they test.

    Over all folds of a protocol, every utterance tests once. `sentence` is the very same words.

    Raises:
        ConfigError: The corpus does not allow the protocol.
    """
    by_id = {utterance.id: utterance for utterance in utterances}
    counts = dict.fromkeys(SHARED, 0)
    for number in range(number_of_folds(utterances, protocol)):
        fold = make_fold(utterances, protocol, number, seed)
        for name, value_of in SHARED.items():
            known = {value_of(by_id[id_]) for id_ in fold.train} - {""}
            counts[name] += sum(value_of(by_id[id_]) in known for id_ in fold.test)
    return counts
