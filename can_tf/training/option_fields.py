"""How an option of a training is described: what it may be, what it is for, and what a search tries."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from can_tf.errors import ConfigError
from can_tf.files import is_plain_name
from can_tf.json_shapes import mismatch

MOST = 2**31 - 1  # What TensorFlow counts to.
_METADATA = "option"


@dataclasses.dataclass(frozen=True)
class Between:
    """Numbers that a search may try.

    Attributes:
        low, high: The smallest and the largest.
        step: Between two of them; None for any.
        logarithmic: Whether a search covers orders of magnitude evenly.
    """

    low: float
    high: float
    step: float | None = None
    logarithmic: bool = False


@dataclasses.dataclass(frozen=True)
class Bounds:
    """Numbers that an option may be.

    Attributes:
        least: The smallest.
        excluded: Whether `least` itself is too small.
        below: All are smaller than this.
    """

    least: float
    excluded: bool = False
    below: float = math.inf

    def fault(self, value: float) -> str | None:
        """Returns what a number must be, None if it is that.

        Example:
            >>> Bounds(0, below=1).fault(1.0)
            'be at least 0 and below 1'
        """
        if self.least < value < self.below or (value == self.least and not self.excluded):
            return None
        if self.below < math.inf:
            return f"be at least {self.least:g} and below {self.below:g}"
        if self.least:
            return f"be at least {self.least:g}"
        return "be positive" if self.excluded else "not be negative"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Option:
    """What is known of an option beside its name, its type and its default.

    Attributes:
        help: For people.
        bounds: Of a number.
        choices: The only texts.
        registry: Has the only texts as its names; what is added to it later counts.
        default_help: What stands for the default in a help text.
        search: What a search tries: numbers, or some values; None if it cannot.
        flag: Its name on the command line, where that is another.
    """

    help: str
    bounds: Bounds | None = None
    choices: tuple[str, ...] = ()
    registry: Mapping[str, Any] | None = None
    default_help: str = ""
    search: Between | tuple[Any, ...] | None = None
    flag: str = ""

    def check(self, name: str, value: Any, default: Any) -> None:
        """Raises ConfigError where an option of some name and default cannot have a value."""
        _check_type(name, value, default)
        if self.registry is not None:
            _check_name(name, value, self.registry)
        if self.choices and value not in self.choices:
            raise ConfigError(f"{name} must be one of {', '.join(self.choices)}, got {value!r}")
        if self.bounds is not None:
            _check_number(name, value, default, self.bounds)


def option(default: Any, help: str, **about: Any) -> Any:
    """Returns a dataclass field that is an option; `about` is what `Option` has."""
    return dataclasses.field(default=default, metadata={_METADATA: Option(help=help, **about)})


def options_of_class(options: type) -> dict[str, Option]:
    """Returns what is known of each option by its name, in the order of the dataclass's fields."""
    return {field.name: field.metadata[_METADATA] for field in dataclasses.fields(options)}


def _check_type(name: str, value: Any, default: Any) -> None:
    """Raises ConfigError where a value is not of the type of its field's default."""
    expected = (str, type(None)) if default is None else ((int, float) if isinstance(default, float) else type(default))
    if not isinstance(value, expected) or isinstance(value, bool):
        kind = "a path" if default is None else {int: "a whole number", float: "a number", str: "text"}[type(default)]
        raise ConfigError(f"{name} must be {kind}, got {ascii(value)[:60]}")


def _check_name(name: str, value: str, registry: Mapping[str, Any]) -> None:
    if not is_plain_name(value):  # It becomes part of a run folder's name.
        raise ConfigError(f"{name} must be a bare name, got {ascii(value)[:60]}")
    if value not in registry:
        raise ConfigError(f"there is no {name} {value[:60]!r}; expected one of {', '.join(sorted(registry))}")


def _check_number(name: str, value: float, default: float, bounds: Bounds) -> None:
    if isinstance(default, int) and value > MOST:
        raise ConfigError(f"{name} must be at most {MOST}")
    if mismatch(value, float) and value > 0:
        raise ConfigError(f"{name} must be a finite number")
    if fault := bounds.fault(value):
        raise ConfigError(f"{name} must {fault}, got {value}")
