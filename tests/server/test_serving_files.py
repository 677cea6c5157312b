"""The files of `tools/serving`, beside the server and the definitions that they are for."""

import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.long


def test_the_health_check_of_the_compose_file_hears_the_server(address):
    compose = (Path(__file__).parents[2] / "tools" / "serving" / "docker-compose.yml").read_text()
    [line] = [line.strip() for line in compose.splitlines() if "/dev/tcp" in line]
    check = line.removeprefix("- '").removesuffix("'")
    port = address.rpartition(":")[2]
    for where, code in ((port, 0), ("9", 1)):
        done = subprocess.run(["bash", "-c", check.replace("8501", where)], capture_output=True, timeout=10)
        assert bool(done.returncode) == bool(code), done.stderr


def test_the_configuration_files_are_what_tensorflow_serving_parses():
    from google.protobuf import text_format
    from tensorflow_serving.config import model_server_config_pb2

    text = (Path(__file__).parents[2] / "tools" / "serving" / "models.config").read_text()
    parsed = text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
    [config] = parsed.model_config_list.config
    assert (config.name, config.base_path) == ("can", "/models/can")
    labels = "".join(
        line.lstrip("# ") for line in text.splitlines(keepends=True) if "version" in line and "#  " in line
    )
    canary = text_format.Parse(labels, model_server_config_pb2.ModelConfig())
    assert dict(canary.version_labels) == {"stable": 1, "canary": 2}
