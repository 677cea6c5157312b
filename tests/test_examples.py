"""The examples in docstrings give what they show."""

import doctest
import importlib

import pytest

from tests.test_architecture import PACKAGE, modules_with


def names_with_examples():
    return [f"{PACKAGE.name}.{path.removesuffix('.py').replace('/', '.')}" for path in modules_with(r"^\s*>>> ")]


@pytest.mark.parametrize("name", names_with_examples())
def test_examples_give_what_they_show(name):
    results = doctest.testmod(importlib.import_module(name))
    assert results.failed == 0
