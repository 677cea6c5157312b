"""Options whose values are the names in a registry."""

from collections.abc import Mapping
from typing import Any

import click


class NameIn(click.Choice):
    """A choice among the names in a registry, looked up when they are needed: an entry that is added later counts.

    Args:
        registry: Its keys are the names.
        others: Names that the command knows beside them; they stand first in its help.

    Example:
        >>> fruits = {"apple": 1}
        >>> fruit = NameIn(fruits)
        >>> fruits["pear"] = 2
        >>> fruit.convert("pear", None, None)
        'pear'
    """

    def __init__(self, registry: Mapping[str, Any], *, others: tuple[str, ...] = ()):
        self._registry, self._others = registry, others
        self.case_sensitive = True  # All that click.Choice would set beside a copy of the names.

    @property
    def choices(self) -> tuple[str, ...]:  # type: ignore[override]
        return (*self._others, *self._registry)


class FrontEndIn(NameIn):
    """The name of a front end, which its settings may follow, as `can_tf.features.registry.front_end` reads it.

    Example:
        >>> FrontEndIn({"mfcc": None}).convert("mfcc:mel_bins=20", None, None)
        'mfcc:mel_bins=20'
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        super().convert(str(value).partition(":")[0], param, ctx)
        return value
