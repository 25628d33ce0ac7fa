"""Painting in bulk on a real Ray: one cluster of this machine for both tests, the second of which kills it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from impasto.scripts.bulk_painting import BROKEN, CHOICES
from impasto.scripts.studies.replicas import free_ports
from tests.commands import impasto
from tests.pictures import encoded, photo
from tests.processes import ROOT

pytest.importorskip("ray.data", reason="the extra `cluster` is not installed")
pytestmark = pytest.mark.cluster

PATIENCE = 120
"""Seconds for a cluster to start, and for painters to."""
PORTS = ("port", "ray-client-server-port", "dashboard-agent-grpc-port", "dashboard-agent-listen-port",
         "runtime-env-agent-port", "metrics-export-port")  # fmt: skip
"""Those that are told beforehand are not waited for when a cluster starts."""
ALONE = {"RAY_AUTH_MODE": "disabled"}

Cluster = tuple[str, subprocess.Popen[bytes]]
"""Its address, and the process that holds it."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder:  # sockets have short paths
        options = {**ports, "num-cpus": 2, "node-ip-address": "127.0.0.1", "temp-dir": folder}
        less = "--include-dashboard=false", "--include-log-monitor=false", "--disable-usage-stats"
        start = [str(Path(sys.executable).with_name("ray")), "start", "--head", "--block", *less]
        start += [f"--{name}={value}" for name, value in options.items()]
        log = Path(folder, "log")
        with log.open("wb") as told:
            holder = subprocess.Popen(start, cwd=ROOT, env={**os.environ, **ALONE}, stdout=told, stderr=told)
        until = time.monotonic() + PATIENCE
        while b"Ray runtime started" not in log.read_bytes():
            assert holder.poll() is None and time.monotonic() < until, log.read_text()
            time.sleep(0.1)
        yield f"127.0.0.1:{ports['port']}", holder
        kill(holder)


def kill(holder: subprocess.Popen[bytes]) -> None:
    """All that is left of a cluster, as if the machine had lost power."""
    if holder.poll() is None:
        for process in psutil.Process(holder.pid).children(recursive=True):
            process.kill()
        holder.kill()
        holder.wait()


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """40 photos in folders, and a broken one."""
    for n in range(40):
        file = tmp_path / f"album/{n % 3}/{n}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encoded(photo(n, height=40 + n, width=48), "JPEG"))
    (tmp_path / "album/0/broken.jpg").write_bytes(b"no photo")
    return tmp_path / "album"


def command(album: Path, output: Path, checkpoint: Path) -> list[str]:
    style = "--style", "starry-night=0.7", "great-wave=0.3", "--checkpoint", str(checkpoint), "--device", "cpu"
    return ["bulk", str(album), str(output), *style]


def on_ray(arguments: list[str], cluster: Cluster) -> subprocess.Popen[str]:
    """The command in a process of its own."""
    line = [sys.executable, "-m", "impasto", *arguments, "--ray", cluster[0]]
    pipe = subprocess.PIPE
    return subprocess.Popen(line, cwd=ROOT, env={**os.environ, **ALONE}, stdout=pipe, stderr=pipe, text=True)


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_cluster_paints_what_this_process_paints_and_reports_the_same(
    album: Path, tmp_path: Path, tiny_checkpoint_file: Path, cluster: Cluster
) -> None:
    here = impasto(*command(album, tmp_path / "here", tiny_checkpoint_file))
    painting = on_ray(command(album, tmp_path / "there", tiny_checkpoint_file), cluster)
    told, warned = painting.communicate(timeout=PATIENCE)
    assert (here.returncode, painting.returncode) == (0, 0), warned
    assert "painted 40 pictures" in told and "1 could not be painted" in told
    assert files_in(tmp_path / "there") == files_in(tmp_path / "here")


def test_a_cluster_that_goes_away_ends_it_and_started_again_it_goes_on(
    album: Path, tmp_path: Path, tiny_checkpoint_file: Path, cluster: Cluster
) -> None:
    output = tmp_path / "out"
    for n in range(40, 1000):
        (album / f"0/{n}.jpg").write_bytes((album / f"0/{n % 13 * 3}.jpg").read_bytes())
    painting = on_ray(command(album, output, tiny_checkpoint_file), cluster)
    until = time.monotonic() + PATIENCE
    while len(list(output.rglob("*.jpg"))) < 50:
        assert painting.poll() is None and time.monotonic() < until
        time.sleep(0.05)
    kill(cluster[1])
    _, told = painting.communicate(timeout=PATIENCE)
    assert painting.returncode == 1 and "Traceback" not in told, told  # it is Ray that ends it, and says why
    there = len(list(output.rglob("*.jpg")))
    assert 50 <= there < 1000
    result = impasto(*command(album, output, tiny_checkpoint_file))
    assert f"{there} of 1001 are in" in result.stdout and f"painted {1000 - there} pictures" in result.stdout
    (fault,) = (output / BROKEN).read_text("utf-8").splitlines()
    assert json.loads(fault)["photo"] == "0/broken.jpg"
    assert files_in(output).keys() == {CHOICES, BROKEN, *files_in(album)} - {"0/broken.jpg"}
