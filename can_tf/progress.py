"""How long work tells how far it has got: one kind of event, and a function that is called with each.

>>> def show(event):
...     print(event.line())
>>> report = counted(show, "Building records", "utterances")
>>> report(64, 150)
Building records: 64 of 150 utterances
"""

import dataclasses
from collections.abc import Callable, Sequence

_PLURALS_IN_ES = ("ches", "shes", "sses", "xes")


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """Something that has happened in long work.

    Attributes:
        work: What is being done, such as "Building records".
        unit: What is counted, in the plural; empty where nothing is counted.
        done: How many are done, among them those that an earlier process has done.
        total: How many there are; 0 where nothing is counted.
        note: A line about what has just happened; empty where only the count has changed.
        at_most: Whether the work may end before the total.

    Example:
        >>> Event("Training", "epochs", 3, 100, "validation WA 0.612", at_most=True).line()
        'Training: 3 of at most 100 epochs: validation WA 0.612'
        >>> Event("Training", note="Going on after epoch 2.").line()
        'Going on after epoch 2.'
    """

    work: str
    unit: str = ""
    done: int = 0
    total: int = 0
    note: str = ""
    at_most: bool = False

    def line(self) -> str:
        """Returns the event as a line of text."""
        if not self.total:
            return self.note or self.work
        limit = "at most " if self.at_most else ""
        count = f"{self.work}: {self.done} of {limit}{amount(self.total, self.unit)}"
        return f"{count}: {self.note}" if self.note else count


Progress = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The progress of those who do not want to know."""


def counted(progress: Progress, work: str, unit: str) -> Callable[[int, int], None]:
    """Returns a function of what is done and the total, which tells `progress` of some work.

    Args:
        progress: Called with an event each time.
        work: What is being done.
        unit: What is counted, in the plural.
    """
    return lambda done, total: progress(Event(work, unit, done, total))


def amount(count: int, plural: str) -> str:
    """Returns a count with its noun, in the singular if there is one.

    Example:
        >>> amount(1, "shards"), amount(2, "shards"), amount(1, "batches")
        ('1 shard', '2 shards', '1 batch')
    """
    if count != 1:
        return f"{count} {plural}"
    return f"1 {plural[:-2] if plural.endswith(_PLURALS_IN_ES) else plural.removesuffix('s')}"


def listed(items: Sequence[str], most: int = 3) -> str:
    """Returns items with commas between them; those beyond `most` are only counted.

    Example:
        >>> listed(["calm", "loud"]), listed(["calm", "fear", "joy", "sad", "loud"])
        ('calm, loud', 'calm, fear, joy and 2 more')
    """
    more = len(items) - most
    return ", ".join(items[:most]) + (f" and {more} more" if more > 0 else "")
