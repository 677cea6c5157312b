"""What `can-tf serve` says of options that are wrong, before a model is loaded."""

import sys

import pytest
from click.testing import CliRunner

from can_tf.cli.main import main
from can_tf.errors import ConfigError
from can_tf.server.origins import checked_origins


def said(*arguments):
    done = CliRunner().invoke(main, ["serve", *arguments])
    assert done.exit_code == 1, done.output
    [line] = done.stderr.splitlines()
    return line


@pytest.mark.parametrize("path", ["emotions", "//elsewhere.example", "/a//b", "/a b", "/a?b", "/a\n", "http://x/y"])
def test_a_root_path_that_is_none(path, tmp_path):
    message = said("--model", str(tmp_path), "--root-path", path)
    assert "expected a path such as /emotions" in message


@pytest.mark.parametrize("origin", ["*", "app.example", "https://app.example/page", "https://*.example", "null", ""])
def test_an_origin_that_is_none(origin, tmp_path):
    message = said("--model", str(tmp_path), "--allow-origin", origin)
    assert "expected one site, such as https://app.example, without a path" in message


def test_origins_are_written_as_browsers_do():
    written = ["HTTPS://App.Example/", "http://localhost:3000", "http://[::1]:3000"]
    assert checked_origins(written) == ["https://app.example", "http://localhost:3000", "http://[::1]:3000"]
    with pytest.raises(ConfigError):
        checked_origins(["https://good.example", "https://bad example"])


@pytest.mark.parametrize("library", ["prometheus_client", "starlette", "uvicorn", "orjson"])
def test_a_library_that_is_missing_names_the_extra(library, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    assert "can-tf serve needs an optional part of can_tf. Install it with: pip install 'can_tf[serve]'" in said()
