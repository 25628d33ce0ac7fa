"""Painting in bulk on a real Ray: one cluster of this machine for both tests, the second of which kills it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from impasto.scripts.bulk_painting import BROKEN, CHOICES
from tests.commands import impasto
from tests.pictures import encoded, photo
from tests.processes import ROOT

pytest.importorskip("ray.data", reason="the extra `cluster` is not installed")

PATIENCE = 120
"""Seconds for a cluster to start, and for painters to."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Its address, and the process that holds it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    folder = tmp_path_factory.mktemp("ray")
    ports = "--node-ip-address=127.0.0.1", f"--port={address.partition(':')[2]}", "--ray-client-server-port=0"
    less = "--include-dashboard=false", "--include-log-monitor=false", "--disable-usage-stats", f"--temp-dir={folder}"
    ray = Path(sys.executable).with_name("ray")
    holder = subprocess.Popen([ray, "start", "--head", "--block", "--num-cpus=2", *ports, *less], cwd=ROOT)
    until = time.monotonic() + PATIENCE
    while subprocess.run([ray, "status", f"--address={address}"], check=False, capture_output=True).returncode:
        assert holder.poll() is None and time.monotonic() < until
    yield address, holder
    kill(holder)


def kill(holder: subprocess.Popen[bytes]) -> None:
    """All that is left of a cluster, as if the machine had lost power."""
    if holder.poll() is None:
        for process in [*psutil.Process(holder.pid).children(recursive=True), holder]:
            process.kill()
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


def command(album: Path, output: Path, checkpoint: Path, *more: str) -> list[str]:
    style = "--style", "starry-night=0.7", "great-wave=0.3", "--checkpoint", str(checkpoint), "--device", "cpu"
    return ["bulk", str(album), str(output), *style, *more]


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_cluster_paints_what_this_process_paints_and_reports_the_same(
    album: Path, tmp_path: Path, tiny_checkpoint_file: Path, cluster: tuple[str, subprocess.Popen[bytes]]
) -> None:
    here = impasto(*command(album, tmp_path / "here", tiny_checkpoint_file))
    there = subprocess.run(
        [
            *(sys.executable, "-m", "impasto"),
            *command(album, tmp_path / "there", tiny_checkpoint_file, "--ray", cluster[0]),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (here.returncode, there.returncode, there.stderr) == (0, 0, "")
    assert "painted 40 pictures" in there.stdout and "1 could not be painted" in there.stdout
    assert files_in(tmp_path / "there") == files_in(tmp_path / "here")


def test_a_cluster_that_goes_away_ends_it_in_one_line_and_started_again_it_goes_on(
    album: Path, tmp_path: Path, tiny_checkpoint_file: Path, cluster: tuple[str, subprocess.Popen[bytes]]
) -> None:
    output = tmp_path / "out"
    for n in range(40, 1000):
        (album / f"0/{n}.jpg").write_bytes((album / f"0/{n % 13 * 3}.jpg").read_bytes())
    arguments = command(album, output, tiny_checkpoint_file, "--ray", cluster[0])
    painting = subprocess.Popen([sys.executable, "-m", "impasto", *arguments], cwd=ROOT, stderr=subprocess.PIPE)
    until = time.monotonic() + PATIENCE
    while len(list(output.rglob("*.jpg"))) < 50:
        assert painting.poll() is None and time.monotonic() < until
        time.sleep(0.05)
    kill(cluster[1])
    _, told = painting.communicate(timeout=PATIENCE)
    assert painting.returncode == 1 and told.decode().count("\n") == 1, told
    there = len(list(output.rglob("*.jpg")))
    assert 50 <= there < 1000
    result = impasto(*command(album, output, tiny_checkpoint_file))
    assert f"{there} of 1001 are in" in result.stdout and f"painted {1000 - there} pictures" in result.stdout
    (fault,) = (output / BROKEN).read_text("utf-8").splitlines()
    assert json.loads(fault)["photo"] == "0/broken.jpg"
    assert files_in(output).keys() == {CHOICES, BROKEN, *files_in(album)} - {"0/broken.jpg"}
