"""What `deploy/` has for those who run a service, checked by the programs that it is for."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
import yaml

from impasto.app.metrics import Metrics
from impasto.app.settings import Settings
from impasto.scripts.cluster import Arguments, config
from tests.app.test_server import FORM, free_port, picture, serving

DEPLOY = Path(__file__).parents[1] / "deploy"
OURS = Path(sys.executable).parent
"""Where the programs are that are installed with the tests."""
NAME = re.compile(r"\b(?:impasto|http_server)_[a-z_]+\b")


def run(*command: object) -> str:
    """What a program prints; the test is skipped where it is not installed."""
    program, *arguments = map(str, command)
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    result = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize("command", ["check rules {}/alerts.yaml", "test rules {}/alerts.test.yaml"])
def test_alerts_are_rules_of_prometheus_and_fire_when_they_should(command: str) -> None:
    run("promtool", *command.format(DEPLOY).split())


@pytest.mark.parametrize("file", ["alerts.yaml", "dashboard.json"])
def test_what_is_watched_is_measured(file: str) -> None:
    known = {family.name for family in Metrics().registry.collect()} | {"impasto_jobs"}
    asked = set(NAME.findall((DEPLOY / file).read_text()))
    assert asked
    for name in asked:
        assert re.sub("_(total|bucket|sum|count|info)$", "", name) in known, name


def test_the_dashboard_has_a_query_in_every_panel() -> None:
    dashboard = json.loads((DEPLOY / "dashboard.json").read_text())
    assert all(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])


def test_kubernetes_gets_pods_that_restricted_namespaces_allow() -> None:
    written = run("kubectl", "kustomize", DEPLOY / "kubernetes")
    pods = [part for part in written.split("\n---\n") if "\nkind: Deployment\n" in part]
    assert len(pods) == 2
    for pod in pods:
        assert "runAsNonRoot: true" in pod and "type: RuntimeDefault" in pod
        containers = len(re.findall(r"^ +image: ", pod, re.MULTILINE))
        for demand in ("allowPrivilegeEscalation: false", "readOnlyRootFilesystem: true", "- ALL"):
            assert pod.count(demand) == containers


def test_kubernetes_knows_every_field() -> None:
    files = sorted(set((DEPLOY / "kubernetes").iterdir()) - {DEPLOY / "kubernetes" / "kustomization.yaml"})
    said = run(OURS / "kubernetes-validate", "--strict", *files).splitlines()
    assert len(said) >= len(files) and all(" passed " in line for line in said)


def test_kuberay_is_told_what_the_command_prints_and_no_pod_may_do_more_than_it_needs() -> None:
    spec = yaml.safe_load((DEPLOY / "kuberay.yaml").read_text())["spec"]
    printed = config(
        Arguments("config", max_replicas=16, gpus=0.5), Settings(host="0.0.0.0", proxies=1, worker="external")
    )
    assert yaml.safe_load(spec["serveConfigV2"]) == yaml.safe_load(printed)
    cluster = spec["rayClusterConfig"]
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        pod = group["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["seccompProfile"]
        for container in pod["containers"]:
            own = container["securityContext"]
            assert own == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def test_compose_knows_every_field_and_no_password_has_a_default() -> None:
    run(OURS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml")
    given = re.findall(r"PASSWORD: (.+)", (DEPLOY / "compose.yaml").read_text())
    assert [re.sub(r"\?.+}$", "?…}", value) for value in given] == ["&password ${DATABASE_PASSWORD:?…}", "*password"]


def test_caddy_finds_its_file_in_order() -> None:
    run("caddy", "validate", "--adapter", "caddyfile", "--config", DEPLOY / "Caddyfile")
    assert run("caddy", "fmt", DEPLOY / "Caddyfile") == (DEPLOY / "Caddyfile").read_text()


def test_settings_in_the_files_are_settings() -> None:
    files = [file.read_text() for file in DEPLOY.rglob("*") if file.is_file()]
    for name in re.findall(r"IMPASTO_([A-Z_]+)", "\n".join(files)):
        assert name.lower() in Settings.model_fields


Proxy = Callable[[str, str, Path], list[str | Path]]


def nginx(address: str, service: str, folder: Path) -> list[str | Path]:
    site = (DEPLOY / "nginx.conf").read_text()
    site = site.replace("listen 80;", f"listen {address};").replace("http://127.0.0.1:8000", service)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    configuration = folder / "nginx.conf"
    configuration.write_text(f"daemon off; pid {folder}/pid; events {{}} http {{ access_log off; {paths}\n{site}\n}}")
    command: list[str | Path] = ["nginx", "-c", configuration, "-e", folder / "errors"]
    run(*command, "-t")
    return command


def caddy(address: str, service: str, folder: Path) -> list[str | Path]:
    site = (DEPLOY / "Caddyfile").read_text().replace("127.0.0.1:8000", service)
    site = site.replace("paint.example.org {", f"http://{address} {{").replace("{\n", "{\n\tadmin off\n", 1)
    configuration = folder / "Caddyfile"
    configuration.write_text(site)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", configuration]


@pytest.fixture(scope="module")
def service(tiny_checkpoint_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tiny_checkpoint_file, proxies=1, data_dir=tmp_path_factory.mktemp("data")) as url:
        yield url


@pytest.fixture(params=[nginx, caddy], ids=lambda proxy: proxy.__name__)
def behind_a_proxy(request: pytest.FixtureRequest, service: str, tmp_path: Path) -> Iterator[str]:
    """A service behind a proxy as configured, as the URL of its prefix."""
    proxy: Proxy = request.param
    if shutil.which(proxy.__name__) is None:
        pytest.skip(f"{proxy.__name__} is not installed")
    address = f"127.0.0.1:{free_port()}"
    with subprocess.Popen(proxy(address, service, tmp_path), env={**os.environ, "HOME": str(tmp_path)}) as process:
        prefix = f"http://{address}/paint"
        try:
            httpx2.HTTPTransport(retries=5).handle_request(httpx2.Request("GET", f"{prefix}/healthz")).close()
            yield prefix
        finally:
            process.terminate()


def test_behind_a_proxy_it_paints_and_jobs_are_found_and_measurements_are_not(behind_a_proxy: str) -> None:
    files = picture(128)
    painted = httpx2.post(f"{behind_a_proxy}/v1/stylize", data=FORM, files=files, timeout=60)
    assert painted.status_code == 200 and painted.headers["x-request-id"]
    style = {"id": f"style-{uuid.uuid4().hex}"}
    job = httpx2.post(f"{behind_a_proxy}/v1/styles", data=style, files=files, timeout=60)
    assert httpx2.get(httpx2.URL(behind_a_proxy).join(job.headers["location"]), timeout=60).json()["state"] == "queued"
    assert httpx2.get(f"{behind_a_proxy}/").headers["content-type"].startswith("text/html")
    assert httpx2.get(f"{behind_a_proxy}/metrics").status_code == 404
