"""From an alignment's tokens to the spans of audio that become segments (Lee et al., 2020, Sections 3.1.2 and 4.2).

The paper removes `<s>`, `<sil>` and `</s>` and divides their time equally between the neighboring words. With the
silences gone, that is one rule: neighbors meet in the middle of the gap between them, and the first and the last word
reach to the ends of the alignment. Table 1 gives i 0.00-0.76, like 0.76-1.15, apple 1.15-1.78.

Left open by the paper, decided here: fillers such as `++LAUGHTER++` stay words unless dropped, in which case their time
is shared as a silence's is. Neighbors that overlap a little, as some recognizers write them, meet in the middle too.
The overlap of neighboring segments is added later, to the samples: `can_tf.features.segments`.
"""

import itertools
from collections.abc import Sequence

from can_tf.alignment.silence import is_filler, is_silence
from can_tf.alignment.word import Word, normalize_word
from can_tf.errors import AlignmentError

FILLER_POLICIES = ("keep", "drop")
SEGMENTATIONS = ("aligned", "equal", "whole")


def share_silence(tokens: Sequence[Word], *, fillers: str = "keep") -> tuple[Word, ...]:
    """Removes silences and gives their time to the neighboring words.

    Args:
        tokens: An alignment's tokens, sorted by time.
        fillers: "keep" treats fillers as words, "drop" as silences.

    Returns:
        Normalized words, contiguous from the first token's start to the last token's end, in seconds.

    Raises:
        AlignmentError: Nothing but silence is left, or a word would get no time.

    Example:
        >>> tokens = [Word("<s>", 0.0, 0.5), Word("I", 0.5, 1.0), Word("<sil>", 1.0, 1.5), Word("like", 1.5, 2.0)]
        >>> [(word.text, word.start, word.end) for word in share_silence(tokens)]
        [('i', 0.0, 1.25), ('like', 1.25, 2.0)]
    """
    kept = [
        token for token in tokens if not is_silence(token.text) and not (fillers == "drop" and is_filler(token.text))
    ]
    if not kept:
        dropped = "silence" if fillers == "keep" else "silence and fillers"
        raise AlignmentError(f"the alignment holds only {dropped}; expected at least one word")
    edges = [tokens[0].start]
    edges += [(left.end + right.start) / 2 for left, right in itertools.pairwise(kept)]
    edges.append(tokens[-1].end)
    for token, start, end in zip(kept, edges, edges[1:], strict=False):
        if not end > start:
            raise AlignmentError(
                f"the word {token.text!r} would get no time ({start:.3f} to {end:.3f} s); expected words in order, "
                "each with an end after its start"
            )
    return tuple(
        Word(normalize_word(token.text), start, end) for token, start, end in zip(kept, edges, edges[1:], strict=False)
    )


def segment_spans(words: Sequence[Word], segmentation: str) -> list[tuple[float, float]]:
    """Returns the spans of the segments in seconds, before overlap.

    Args:
        words: Contiguous words, from `share_silence`.
        segmentation: "aligned" is one segment per word; "equal" as many segments as words, all of one length (the
            paper's Table 3); "whole" one segment for the whole utterance, which frame-level models read.

    Example:
        >>> words = [Word("i", 0.0, 1.5), Word("like", 1.5, 2.0)]
        >>> segment_spans(words, "equal")
        [(0.0, 1.0), (1.0, 2.0)]
    """
    start, end = words[0].start, words[-1].end
    if segmentation == "aligned":
        return [(word.start, word.end) for word in words]
    if segmentation == "equal":
        step = (end - start) / len(words)
        edges = [start + step * index for index in range(len(words))] + [end]
        return list(itertools.pairwise(edges))
    if segmentation == "whole":
        return [(start, end)]
    raise ValueError(f"segmentation must be one of {', '.join(SEGMENTATIONS)}, got {segmentation!r}")
