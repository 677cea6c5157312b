"""A choice among the names in a registry."""

import click
import pytest
from click.testing import CliRunner

from can_tf.cli.shared.names import NameIn


@pytest.fixture
def registry():
    return {"apple": 1}


@pytest.fixture
def command(registry):
    @click.command()
    @click.option("--fruit", type=NameIn(registry, others=("none",)))
    def command(fruit):
        click.echo(fruit)

    return command


def test_a_name_that_is_added_later_is_taken_and_shown(registry, command):
    registry["pear"] = 2
    assert CliRunner().invoke(command, ["--fruit", "pear"]).output == "pear\n"
    assert "[none|apple|pear]" in CliRunner().invoke(command, ["--help"]).output


def test_another_name_is_wrong_usage_that_lists_the_names(registry, command):
    del registry["apple"]
    registry["plum"] = 3
    done = CliRunner().invoke(command, ["--fruit", "apple"])
    assert done.exit_code == 2
    assert "'apple' is not one of 'none', 'plum'" in done.output


def test_names_that_stand_beside_the_registry_are_taken(command):
    assert CliRunner().invoke(command, ["--fruit", "none"]).output == "none\n"
