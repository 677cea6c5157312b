"""References without a network, which every result stands beside: logistic regression on words, and on sound.

On IEMOCAP's transcripts, TF-IDF reaches what the paper's models reach on text. On frames of a pretrained encoder, the
mean frame reaches what networks reach on audio. So a claim has to beat them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler


def tfidf_reference(
    train_texts: Sequence[str],
    train_labels: Sequence[str],
    test_texts: Sequence[str],
    labels: Sequence[str],
    class_weight: str = "none",
) -> np.ndarray:
    """Returns the test set's probabilities by TF-IDF of words and pairs of words, `<float64>[utterances, labels]`.

    Args:
        train_texts, test_texts: Words joined by spaces.
        train_labels: Names of labels. One that is not among them has probability 0.
        labels: Names in index order.
        class_weight: `none`, or `balanced`: what an utterance counts, as in training.
    """
    features = TfidfVectorizer(ngram_range=(1, 2), tokenizer=str.split, token_pattern=None, lowercase=False)
    model = LogisticRegression(C=10.0, max_iter=1000)
    return _probabilities(features, model, (train_texts, train_labels, test_texts), labels, class_weight)


def mean_frame_reference(
    train_means: np.ndarray,
    train_labels: Sequence[str],
    test_means: np.ndarray,
    labels: Sequence[str],
    class_weight: str = "none",
) -> np.ndarray:
    """Returns the test set's probabilities by an utterance's mean frame, `<float64>[utterances, labels]`.

    Args:
        train_means, test_means: `<float>[utterances, width]`.
        train_labels, labels, class_weight: As `tfidf_reference` has them.
    """
    model = LogisticRegression(C=1.0, max_iter=3000)
    return _probabilities(StandardScaler(), model, (train_means, train_labels, test_means), labels, class_weight)


def _probabilities(
    features: Any, model: LogisticRegression, data: tuple[Any, Sequence[str], Any], labels: Sequence[str], weight: str
) -> np.ndarray:
    train, train_labels, test = data
    probabilities = np.zeros((len(test), len(labels)))
    occurring = sorted(set(train_labels))
    if len(occurring) == 1:  # Nothing to regress.
        probabilities[:, labels.index(occurring[0])] = 1.0
        return probabilities
    model.set_params(class_weight=None if weight == "none" else weight)
    model.fit(features.fit_transform(train), train_labels)
    columns = [labels.index(label) for label in model.classes_]
    probabilities[:, columns] = model.predict_proba(features.transform(test))
    return probabilities
