"""A reference without a network: logistic regression on TF-IDF of words and pairs of words.

On IEMOCAP's transcripts it reaches what the paper's models reach on text, so a claim needs to stand beside it.
"""

from collections.abc import Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression


def tfidf_reference(
    train_texts: Sequence[str],
    train_labels: Sequence[str],
    test_texts: Sequence[str],
    labels: Sequence[str],
    class_weight: str = "none",
) -> np.ndarray:
    """Returns the test set's probabilities, `<float64>[utterances, labels]`; 0 for a label that training lacks.

    Args:
        train_texts, test_texts: Words joined by spaces.
        train_labels: Names of labels.
        labels: Names in index order.
        class_weight: `none`, or `balanced`: what an utterance counts, as in training.
    """
    probabilities = np.zeros((len(test_texts), len(labels)))
    occurring = sorted(set(train_labels))
    if len(occurring) == 1:  # Nothing to regress.
        probabilities[:, labels.index(occurring[0])] = 1.0
        return probabilities
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), tokenizer=str.split, token_pattern=None, lowercase=False)
    model = LogisticRegression(C=10.0, max_iter=1000, class_weight=None if class_weight == "none" else class_weight)
    model.fit(vectorizer.fit_transform(train_texts), train_labels)
    columns = [labels.index(label) for label in model.classes_]
    probabilities[:, columns] = model.predict_proba(vectorizer.transform(test_texts))
    return probabilities
