"""Options whose values are the names in a registry."""

from collections.abc import Mapping
from typing import Any

import click


class NameIn(click.Choice[str]):
    """A name in a registry, which is looked at when a value is converted: what was added later is there.

    Args:
        registry: By name.
    """

    def __init__(self, registry: Mapping[str, Any]):
        super().__init__(list(registry))
        self._registry = registry

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        self.choices = tuple(self._registry)
        return super().convert(value, param, ctx)
