"""What is told once, whoever tells it."""

import json
import logging

import click
import pytest
from click.testing import CliRunner

from can_tf.cli.shared.notices import show_notices
from can_tf.notices import LOGGER, kept, tell_again

_LOG = logging.getLogger("can_tf.some.module")


def test_what_a_worker_tells_is_told_again_elsewhere(caplog):
    with kept() as notices:
        _LOG.warning("%s: has %d words", "a.json", 3)
    assert not caplog.messages
    tell_again(json.loads(json.dumps(notices)))
    assert caplog.messages == ["a.json: has 3 words"]
    assert LOGGER.propagate


@pytest.mark.parametrize(
    "places, last",
    [
        (["a"], None),
        (["a", "a"], None),
        (["a", "b"], "Note: as with a, so with b."),
        (["a", "b", "c", "d", "e", "f"], "Note: as with a, so with b, c, d and 2 more."),
    ],
)
def test_a_kind_of_notice_is_shown_once_and_then_where_else(places, last):
    @click.command()
    @click.pass_context
    def command(ctx):
        show_notices(ctx)
        for number, place in enumerate(places):
            _LOG.warning("%s: is odd\n%d times", place, number)
        click.echo("done")

    shown = CliRunner().invoke(command)
    assert shown.stdout == "done\n"
    assert shown.stderr.splitlines() == ["Note: a: is odd 0 times", *([last] if last else [])]
    assert not LOGGER.handlers


def test_an_error_of_the_program_keeps_its_traceback():
    @click.command()
    @click.pass_context
    def command(ctx):
        show_notices(ctx)
        try:
            raise ValueError("a fault")
        except ValueError:
            _LOG.exception("cannot look")

    shown = CliRunner().invoke(command)
    assert "Traceback" in shown.stderr
    assert "ValueError: a fault" in shown.stderr
