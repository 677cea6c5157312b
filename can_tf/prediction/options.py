"""How a model is asked."""

import dataclasses

from can_tf.alignment.formats import DEFAULT_READING, Reading
from can_tf.alignment.recognition import Recognizer, RecognizerOptions
from can_tf.alignment.spans import FILLER_POLICIES
from can_tf.errors import ConfigError
from can_tf.limits import DEFAULT_LIMITS, Limits


@dataclasses.dataclass(frozen=True, kw_only=True)
class PredictionOptions:
    """How a model is asked.

    Attributes:
        fillers: What becomes of noises that an aligner names: "keep" or "drop"; None does as the model's records did,
            and keeps them where a server is asked, which does not say.
        recognizer: Finds the words of recordings that come without: one, or which it is; None is the best at hand.
        limits: Seconds and words that a recording may have.
        reject_below: Confidence, from 0 to 1, below which a prediction's label is "uncertain".
        reading: Which tier or channel of an alignment file has the words, and what else in it marks silence.
        normalize: As the model was trained, "none" or "speaker"; None is what an export says, and "none" where a server
            is asked, which does not say.

    Raises:
        ConfigError: `reject_below` is no probability, or `fillers` is unknown.

    Example:
        >>> PredictionOptions(reject_below=0.6).limits.seconds
        3600.0
    """

    fillers: str | None = None
    recognizer: Recognizer | RecognizerOptions | None = None
    limits: Limits = DEFAULT_LIMITS
    reject_below: float = 0.0
    reading: Reading = DEFAULT_READING
    normalize: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.reject_below <= 1:  # NaN too.
            raise ConfigError(f"reject_below must be a number from 0 to 1, got {self.reject_below}")
        if self.fillers not in (None, *FILLER_POLICIES):
            raise ConfigError(f"fillers must be one of {', '.join(FILLER_POLICIES)}, got {self.fillers!r}")
