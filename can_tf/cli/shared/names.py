"""A type of option whose values are the names in a registry."""

from collections.abc import Mapping
from typing import Any

import click


class NameIn(click.ParamType):
    """A name in a registry, looked up when it is converted, so that what was added to the registry since counts.

    Args:
        registry: Anything by name.
    """

    name = "name"

    def __init__(self, registry: Mapping[str, Any]):
        self.registry = registry

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Returns the names as `click.Choice` shows them."""
        return f"[{'|'.join(self.registry)}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Returns the name; ends with a usage error if there is none."""
        if value not in self.registry:
            self.fail(f"{value!r} is not one of {', '.join(map(repr, self.registry))}.", param, ctx)
        return value
