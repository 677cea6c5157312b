"""An option is described once, and the checks, the command line and the search follow."""

import dataclasses
import math

import pytest

from can_tf.cli.main import main
from can_tf.errors import ConfigError
from can_tf.models.config import ModelConfig
from can_tf.training.option_fields import Between, Bounds, option, options_of_class
from can_tf.training.options import OPTIONS, TrainOptions
from can_tf.training.search import SPACES

COLORS = {"red": 1}


@dataclasses.dataclass(frozen=True)
class Painting:
    size: int = option(3, "Size.", bounds=Bounds(2))
    light: float = option(0.5, "Light.", bounds=Bounds(0, below=1))
    color: str = option("red", "Color.", registry=COLORS)
    style: str = option("plain", "Style.", choices=("plain", "wild"))
    frame: str | None = option(None, "Frame.")


@pytest.mark.parametrize(
    "name, value, message",
    [
        ("size", 1, "size must be at least 2, got 1"),
        ("size", 2**31, "size must be at most 2147483647"),
        ("size", 2.5, "size must be a whole number, got 2.5"),
        ("light", -0.5, "light must be at least 0 and below 1, got -0.5"),
        ("light", math.nan, "light must be at least 0 and below 1, got nan"),
        ("light", math.inf, "light must be a finite number"),
        ("color", "a/b", "color must be a bare name, got 'a/b'"),
        ("color", "blue", "there is no color 'blue'; expected one of red"),
        ("style", "odd", "style must be one of plain, wild, got 'odd'"),
        ("frame", 1, "frame must be a path, got 1"),
    ],
)
def test_a_value_that_cannot_be_is_told_by_the_options_own_bounds(name, value, message):
    with pytest.raises(ConfigError, match=message):
        options_of_class(Painting)[name].check(name, value, getattr(Painting, name))


@pytest.mark.parametrize("name, value", [("size", 2), ("light", 0), ("color", "red"), ("frame", None), ("frame", "x")])
def test_a_value_at_the_bounds_is_taken(name, value):
    options_of_class(Painting)[name].check(name, value, getattr(Painting, name))


def test_a_name_that_is_added_to_a_registry_is_taken(monkeypatch):
    monkeypatch.setitem(COLORS, "green", 2)
    options_of_class(Painting)["color"].check("color", "green", "red")


def test_the_command_line_has_every_option_with_its_help_and_its_default():
    parameters = {parameter.name: parameter for parameter in main.commands["train"].params}
    for name, about in OPTIONS.items():
        assert parameters[name].help == about.help
        assert parameters[name].default == getattr(TrainOptions(), name)


def test_a_search_has_the_papers_value_of_each_option_in_its_range():
    assert set(SPACES) == {"alpha", "heads", "units", "dropout", "learning_rate", "overlap"}
    for name, tried in SPACES.items():
        paper = getattr(TrainOptions(), name, 0.1)
        assert tried.low <= paper <= tried.high if isinstance(tried, Between) else paper in tried


def test_options_that_are_parts_of_the_model_have_its_names_and_defaults():
    shared = {field.name for field in dataclasses.fields(ModelConfig)} & set(OPTIONS)
    assert shared == {"alpha", "heads", "units", "dropout", "seed"}
    for name in shared:
        assert getattr(TrainOptions(), name) == getattr(ModelConfig, name)
