"""The service on a Ray of its own, as a user starts it, `impasto cluster config` and `serve run`: to be measured."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import psutil

from impasto.app.settings import Settings
from impasto.scripts.cluster import Arguments, config

PROGRAMS = Path(sys.executable).parent
CHECKOUT = Path(__file__).resolve().parents[2]
RAY = {"RAY_AUTH_MODE": "disabled", "RAY_worker_niceness": "0"}
"""Who is alone with his Ray needs no token, and compares it with what is no less urgent: else its workers have 15."""
SECONDS = 600
"""For Ray, and for replicas, of which each loads its packages anew: on a busy machine."""
REPLICA, PROXY = "ray::ServeReplica:impasto:impasto", "ray::ProxyActor"
"""What processes call themselves."""
PORTS = "metrics_export", "dashboard_agent_listen", "metrics_agent", "runtime_env_agent"
"""Of Ray's agents, by the names of the files where they tell them."""


@dataclass(frozen=True)
class Cluster:
    """url: of the service. exporter: of what Ray measures. head: Ray's first process, which all others are begun by."""

    url: str
    exporter: str
    head: psutil.Process

    def processes(self, name: str) -> list[psutil.Process]:
        """Those of this Ray that call themselves so."""
        return [each for each in self.head.children(recursive=True) if _called(each).startswith(name)]


@contextmanager
def on_a_cluster(settings: Settings, folder: Path, replicas: int) -> Iterator[Cluster]:
    """The service in so many replicas of one thread each. folder: for what is said meanwhile."""
    port, exporter = free_ports(2)
    chosen = settings.model_copy(update={"port": port})
    asked = Arguments("config", min_replicas=replicas, max_replicas=replicas, cpus=0.5)
    (folder / "impasto.yaml").write_text(config(asked, chosen))
    environment = {**chosen.environment(), **RAY, "PYTHONPATH": str(CHECKOUT)}
    with _ray(folder, environment, exporter) as (address, head), ExitStack() as stack:
        cluster = Cluster(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{exporter}", psutil.Process(head))
        for _ in range(5):  # it waits a minute for the proxy, which a busy machine takes longer for
            run = _start("serve", "run", "--address", address, "impasto.yaml", folder=folder, environment=environment)
            if _until(lambda: len(cluster.processes(REPLICA)) == replicas and _ready(cluster.url), run):
                break
        else:
            raise RuntimeError((folder / "said").read_text()[-5000:])
        stack.callback(_end, run)
        yield cluster


@contextmanager
def _ray(folder: Path, environment: Mapping[str, str], exporter: int) -> Iterator[tuple[str, int]]:
    """A Ray of two cores, as its address and its first process. environment: of all that it starts."""
    port, client, *others = free_ports(1 + len(PORTS))
    agents = dict(zip(PORTS, [exporter, *others], strict=True))
    session = Path(tempfile.mkdtemp(prefix="ray"))  # paths of sockets are short
    options = {
        "port": port,
        "num-cpus": 2,
        "object-store-memory": 200_000_000,
        "temp-dir": session,
        "include-dashboard": "false",
        "include-log-monitor": "false",
        "ray-client-server-port": client,
        "metrics-export-port": agents["metrics_export"],
        "dashboard-agent-listen-port": agents["dashboard_agent_listen"],
        "dashboard-agent-grpc-port": agents["metrics_agent"],
        "runtime-env-agent-port": agents["runtime_env_agent"],
    }
    named = [f"--{name}={value}" for name, value in options.items()]
    start = ["ray", "start", "--head", "--block", "--disable-usage-stats", *named]
    head = _start(*start, folder=folder, environment=environment)
    try:
        _until(lambda: any(session.glob("session_2*/gcs_server_port_*")), head)
        for known in session.glob("session_2*/gcs_server_port_*"):
            for name, value in agents.items():
                # Ray ends when an agent has not told its port in 15 seconds, on a busy machine too: ray#65983
                known.with_name(known.name.replace("gcs_server", name)).write_text(str(value))
        if not _until(lambda: "Ray runtime started" in (folder / "said").read_text(), head):
            raise RuntimeError((folder / "said").read_text()[-5000:])
        yield f"127.0.0.1:{port}", head.pid
    finally:
        _end(head)
        shutil.rmtree(session, ignore_errors=True)


def _called(process: psutil.Process) -> str:
    """What it calls itself; nothing, once it has ended."""
    try:
        return "".join(process.cmdline()[:1])
    except psutil.Error:
        return ""


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def _start(program: str, *arguments: str, folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with (folder / "said").open("ab") as said:
        command = [str(PROGRAMS / program), *arguments]
        return subprocess.Popen(command, env=environment, cwd=folder, stdout=said, stderr=said)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(120)
    except subprocess.TimeoutExpired:
        process.kill()


def _until(holds: Callable[[], bool], process: subprocess.Popen[bytes]) -> bool:
    """Whether something holds before a process ends, or patience does."""
    end = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < end:
        if holds():
            return True
        time.sleep(1)
    return False


def _ready(url: str) -> bool:
    try:
        urlopen(f"{url}/readyz", timeout=5).close()
    except OSError:
        return False
    return True
