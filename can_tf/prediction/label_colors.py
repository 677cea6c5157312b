"""Which color and which plain word stand for a label, the same in every picture and page.

An emotion has its color under all names that corpora give it: `ang`, `anger` and `angry` are one. The colors are those
of Okabe and Ito (https://jfly.uni-koeln.de/color/) and a few more that people with a color vision deficiency tell
apart too, as tests/prediction/test_label_colors.py measures. Some are pale on white: draw an outline around them, and
the label beside them.
"""

from collections.abc import Iterable

UNCERTAIN_COLOR = "#2b2b2b"  # Of whatever is no label of the model.
_EMOTIONS = {  # By plain word: the color, and other names.
    "angry": ("#d55e00", ("ang", "anger")),
    "happy": ("#e69f00", ("hap", "happiness", "joy")),
    "excited": ("#f0e442", ("exc", "excitement")),
    "sad": ("#0072b2", ("sadness",)),
    "afraid": ("#cc79a7", ("fea", "fear", "fearful")),
    "disgusted": ("#009e73", ("dis", "disgust")),
    "surprised": ("#56b4e9", ("sur", "surprise")),
    "neutral": ("#c4c4c4", ("neu",)),
    "frustrated": ("#aa3377", ("fru", "frustration")),
    "calm": ("#117733", ()),
    "bored": ("#7a5c2e", ("boredom",)),
}
_WORDS = {name: word for word, (_, names) in _EMOTIONS.items() for name in (word, *names)}


def plain_word(label: str) -> str:
    """Returns what a label is called in a sentence; a label that is not known, as it is.

    Example:
        >>> plain_word("ang"), plain_word("Happiness"), plain_word("my label")
        ('angry', 'happy', 'my label')
    """
    return _WORDS.get(label.strip().lower(), label)


def label_colors(labels: Iterable[str]) -> dict[str, str]:
    """Returns a color for each label, in the order of their names.

    Labels that are not known get colors that are left, and beyond those repeat them.

    Example:
        >>> label_colors({"sad", "happy", "zest"})
        {'happy': '#e69f00', 'sad': '#0072b2', 'zest': '#d55e00'}
    """
    names = sorted(set(labels))
    known = {name: _EMOTIONS[word][0] for name in names if (word := plain_word(name)) in _EMOTIONS}
    colors = [color for color, _ in _EMOTIONS.values()]
    left = [color for color in colors if color not in known.values()] or colors
    others = (name for name in names if name not in known)
    given = {**known, **{name: left[index % len(left)] for index, name in enumerate(others)}}
    return {name: given[name] for name in names}
