"""Something to watch out for in records, as values of JSON and as a line."""

import dataclasses

TOGETHER = "Read all test sets together, as cross-validate prints them"  # Advice where folds are no measure.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pitfall:
    """Something to watch out for in records.

    Attributes:
        kind: What kind of thing, for programs.
        what: What there is, with names and numbers.
        effect: What it does to training or to scores; empty where `what` says it.
        advice: What to do.
        labels: The labels concerned; empty where it is no matter of single labels.

    Example:
        >>> Pitfall(kind="one-label", what="All have one label", effect="Train refuses", advice="Add another").line()
        'All have one label. Train refuses. Add another.'
    """

    kind: str
    what: str
    effect: str
    advice: str
    labels: tuple[str, ...] = ()

    def line(self) -> str:
        """Returns the pitfall as a line of text."""
        return " ".join(f"{part}." for part in (self.what, self.effect, self.advice) if part)
