"""What `deploy/` has for those who run a service, checked by the programs that it is for."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from impasto.app.metrics import Metrics
from impasto.app.settings import Settings
from tests.app.test_server import FORM, free_port, picture, serving

DEPLOY = Path(__file__).parents[1] / "deploy"
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


def test_settings_in_the_files_are_settings() -> None:
    files = [file.read_text() for file in DEPLOY.rglob("*") if file.is_file()]
    for name in re.findall(r"IMPASTO_([A-Z_]+)", "\n".join(files)):
        assert name.lower() in Settings.model_fields


@pytest.fixture
def behind_nginx(tiny_checkpoint_file: Path, tmp_path: Path) -> Iterator[str]:
    """A service behind nginx as configured, as the URL of its prefix."""
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed")
    port = free_port()
    with serving(tiny_checkpoint_file, data_dir=tmp_path / "data") as url:
        site = (DEPLOY / "nginx.conf").read_text()
        site = site.replace("listen 80;", f"listen 127.0.0.1:{port};").replace("http://127.0.0.1:8000", url)
        paths = "".join(
            f"{kind}_temp_path {tmp_path}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        configuration = tmp_path / "nginx.conf"
        configuration.write_text(
            f"daemon off; pid {tmp_path}/pid; events {{}} http {{ access_log off; {paths}\n{site}\n}}"
        )
        command = ["nginx", "-c", str(configuration), "-e", str(tmp_path / "errors")]
        subprocess.run([*command, "-t"], check=True, capture_output=True)
        with subprocess.Popen(command) as process:
            prefix = f"http://127.0.0.1:{port}/paint"
            try:
                httpx2.HTTPTransport(retries=5).handle_request(httpx2.Request("GET", f"{prefix}/healthz")).close()
                yield prefix
            finally:
                process.terminate()


def test_behind_nginx_it_paints_and_jobs_are_found_and_measurements_are_not(behind_nginx: str) -> None:
    files = picture(128)
    painted = httpx2.post(f"{behind_nginx}/v1/stylize", data=FORM, files=files, timeout=60)
    assert painted.status_code == 200 and painted.headers["x-request-id"]
    job = httpx2.post(f"{behind_nginx}/v1/styles", data={"id": "my-style"}, files=files, timeout=60)
    assert httpx2.get(httpx2.URL(behind_nginx).join(job.headers["location"]), timeout=60).json()["state"] == "queued"
    assert httpx2.get(f"{behind_nginx}/").headers["content-type"].startswith("text/html")
    assert httpx2.get(f"{behind_nginx}/metrics").status_code == 404
