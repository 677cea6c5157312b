"""The files of `tools/serving` for `can-tf serve`, beside the server that they are for."""

import configparser
import re
import shlex
from pathlib import Path

import click
import pytest
import yaml

from can_tf.cli.commands.serve import serve_command
from can_tf.limits import ANSWER_SECONDS, MAX_BODY_MB
from can_tf.server.addresses import ALIVE_PATH, METRICS_PATH, MONITORING_PATH, READY_PATH, is_operation
from can_tf.server.draining import DRAIN_SECONDS
from can_tf.server.metrics import Metrics
from tests.server.scraped import samples_in

ROOT = Path(__file__).parents[2]
SERVING = ROOT / "tools" / "serving"
COMPOSE, DOCKERFILE = (SERVING / name for name in ("docker-compose.can-tf.yml", "Dockerfile"))
DOCKER = DOCKERFILE.read_text(encoding="utf-8")
IMAGE = DOCKER.split("\nFROM ")[-1]
ENTRY = yaml.safe_load(re.search(r"^ENTRYPOINT (.*)$", IMAGE, re.MULTILINE)[1])


def options_of(arguments):
    """Returns what `can-tf serve` understands."""
    context = serve_command.make_context("serve", list(arguments))
    return context.params


def manifests():
    return {each["kind"]: each for each in yaml.safe_load_all((SERVING / "kubernetes.yaml").read_text())}


def container():
    [found] = manifests()["Deployment"]["spec"]["template"]["spec"]["containers"]
    return found


def test_the_image_starts_a_server_that_others_reach():
    assert ENTRY[:2] == ["can-tf", "serve"]
    options = options_of(ENTRY[2:])
    assert (options["host"], options["port"], options["log_format"]) == ("0.0.0.0", 8501, "json")
    assert options_of([*ENTRY[2:], "--model", "/models/other"])["model"] == Path("/models/other")
    assert "EXPOSE 8501" in IMAGE
    assert f"http://127.0.0.1:8501{ALIVE_PATH}" in re.search(r"HEALTHCHECK(?s:.*?)CMD (.*)", IMAGE)[1]


def test_the_image_has_no_root_and_what_constraints_and_extras_say():
    [user] = re.findall(r"^USER (\d+):\d+$", IMAGE, re.MULTILINE)
    assert int(user) > 0
    assert f"--uid {user}" in IMAGE
    constraints = (ROOT / "constraints.txt").read_text()
    [tensorflow] = re.findall(r"^ARG TENSORFLOW=(.*)$", DOCKER, re.MULTILINE)
    assert f"\ntensorflow=={tensorflow}\n" in constraints
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    [extras] = re.findall(r"^ARG EXTRAS=(.*)$", DOCKER, re.MULTILINE)
    assert set(extras.split(",")) <= set(setup["options.extras_require"])
    assert "prometheus-client" in setup["options.extras_require"]["serve"]


def test_what_the_image_copies_is_there_and_is_sent():
    sent = (SERVING / "Dockerfile.dockerignore").read_text().splitlines()
    assert sent[1] == "*"
    copied = [name for line in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKER, re.MULTILINE) for name in line.split()]
    assert len(copied) == 6
    for name in copied:
        assert (ROOT / name).exists()
        assert f"!{name}" in sent


def test_compose_limits_everything_and_leaves_time_for_the_end():
    compose = yaml.safe_load(COMPOSE.read_text())
    can = compose["services"]["can"]
    options = options_of([*ENTRY[2:], *can["command"]])
    assert options["allow_host"] == ("can",)
    assert float(can["stop_grace_period"].removesuffix("s")) > options["drain_seconds"] + DRAIN_SECONDS
    assert (ROOT / "tools/serving" / can["build"]["context"]).resolve() == ROOT
    assert (ROOT / can["build"]["dockerfile"]).is_file()
    for name in (COMPOSE, SERVING / "docker-compose.yml"):
        for service in yaml.safe_load(name.read_text())["services"].values():
            assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
            assert all(port.startswith("127.0.0.1:") for port in service["ports"])
            assert service["security_opt"] == ["no-new-privileges:true"]
            for volume in service["volumes"]:
                if volume.startswith("."):
                    place = (SERVING / volume.split(":")[0]).resolve()
                    assert place.exists(), volume


def test_prometheus_asks_where_the_server_answers():
    settings = yaml.safe_load((SERVING / "prometheus.yml").read_text())
    [job] = settings["scrape_configs"]
    assert job["metrics_path"] == MONITORING_PATH
    [[target]] = [group["targets"] for group in job["static_configs"]]
    assert target == "can:8501"
    assert all((SERVING / name).is_file() for name in settings["rule_files"])


def metric_names():
    """Returns the names of all series that a server can have, and of the metrics that they belong to."""
    import numpy as np

    metrics = Metrics()
    metrics.watch_queue("model", type("Queue", (), {"inside": 0, "capacity": 1}))
    about = {"name": "can", "loads": {"ok": 1}, "current": type("Version", (), {"number": 1})}
    metrics.watch(type("Versions", (), about), lambda: True)
    metrics.answered("predict", 200, seconds=0.1)
    metrics.waited(0.1)
    metrics.ran(0.1, 1)
    metrics.predicted({"label": np.array([b"sad"], object), "probabilities": np.ones((1, 1))}, [1.0])
    series = {name for name, _ in samples_in(metrics.text().decode())}
    return series, {re.sub(r"_(bucket|count|sum)$", "", name) for name in series}


def test_alerts_are_about_metrics_that_there_are():
    series, _ = metric_names()
    groups = yaml.safe_load((SERVING / "alerts.yml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    recorded = {rule["record"] for rule in rules if "record" in rule}
    named = {name for rule in rules for name in re.findall(r"\b(?:can_tf|process)[\w:]+", rule["expr"])}
    assert len(named) > 8
    assert named - recorded - series == set()
    tested = {
        test["alertname"]
        for group in yaml.safe_load((SERVING / "alerts_test.yml").read_text())["tests"]
        for test in group["alert_rule_test"]
    }
    assert tested == {rule["alert"] for rule in rules if "alert" in rule}


def test_the_page_has_each_metric_and_no_other():
    page = (ROOT / "docs" / "operations.md").read_text()
    table = "\n".join(line for line in page.splitlines() if line.startswith("| `"))
    shown = set(re.findall(r"`(can_tf_\w+)", table))
    assert shown == {name for name in metric_names()[1] if name.startswith("can_tf_")}


def test_kubernetes_probes_what_there_is_and_waits_for_the_end():
    spec, found = manifests()["Deployment"]["spec"]["template"]["spec"], container()
    paths = {name: found[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert paths == {"startupProbe": ALIVE_PATH, "livenessProbe": ALIVE_PATH, "readinessProbe": READY_PATH}
    options = options_of([*ENTRY[2:], *found["args"]])
    assert spec["terminationGracePeriodSeconds"] > options["drain_seconds"] + DRAIN_SECONDS
    ready = found["readinessProbe"]
    assert ready["periodSeconds"] * ready["failureThreshold"] < options["drain_seconds"]
    [user] = re.findall(r"^USER (\d+):\d+$", IMAGE, re.MULTILINE)
    assert spec["securityContext"]["runAsUser"] == int(user)
    assert found["securityContext"]["readOnlyRootFilesystem"]
    [port] = found["ports"]
    assert port["containerPort"] == options["port"]
    annotations = manifests()["Deployment"]["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/path"] == METRICS_PATH


def test_kubernetes_labels_and_claims_belong_together():
    deployment, service = manifests()["Deployment"]["spec"], manifests()["Service"]["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    selectors = (deployment["selector"]["matchLabels"], service["selector"])
    budget = manifests()["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"]
    assert all(selector.items() <= labels.items() for selector in (*selectors, budget))
    volumes = {volume["name"]: volume for volume in deployment["template"]["spec"]["volumes"]}
    assert {mount["name"] for mount in container()["volumeMounts"]} == set(volumes)
    claim = volumes["models"]["persistentVolumeClaim"]["claimName"]
    assert claim == manifests()["PersistentVolumeClaim"]["metadata"]["name"]


@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile"])
def test_proxies_hide_what_is_for_operation_and_are_named_to_the_server(name):
    text = (SERVING / name).read_text()
    [command] = re.findall(r"can-tf serve (.*)", text)
    options = options_of(shlex.split(command))
    root = options["root_path"]
    assert options["allow_host"][0] in text.replace(command, "")
    if name == "Caddyfile":
        hidden = re.search(r"@operation path (.*)", text)[1].split()
        patterns = [re.escape(each).replace(r"\*", ".*") for each in hidden]
        assert f"max_size {MAX_BODY_MB}MB" in text
    else:
        patterns = [re.search(r"location ~ (\S+) \{ return 404; \}", text)[1] + ".*"]
        assert f"client_max_body_size {MAX_BODY_MB}m;" in text
        assert int(re.search(r"proxy_read_timeout (\d+)s", text)[1]) > ANSWER_SECONDS
    for path in (ALIVE_PATH, READY_PATH, METRICS_PATH, MONITORING_PATH):
        assert is_operation(path)
        assert any(re.fullmatch(pattern, f"{root}{path}") for pattern in patterns), path
    assert not any(re.fullmatch(pattern, f"{root}/v1/models/can") for pattern in patterns)


def test_an_option_that_is_none_would_be_seen():
    with pytest.raises(click.UsageError, match="No such option"):
        options_of(["--bogus"])
