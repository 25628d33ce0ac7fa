"""A service in a process of its own, to be measured."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil

from impasto.app.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Service:
    url: str
    process: psutil.Process

    @property
    def memory(self) -> int:
        """Bytes of it in memory."""
        memory: int = self.process.memory_info().rss
        return memory


@contextmanager
def serving(**settings: Any) -> Iterator[Service]:
    """A service on a free port, without a worker, with these settings."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        chosen = Settings(port=port, data_dir=Path(folder), worker="external", **settings)
        command, environment = [sys.executable, "-m", "impasto", "serve"], chosen.environment()
        with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as process:
            service = Service(f"http://127.0.0.1:{port}", psutil.Process(process.pid))
            try:
                while process.poll() is None:
                    try:
                        urlopen(f"{service.url}/readyz").close()
                        break
                    except OSError:
                        time.sleep(0.1)
                yield service
            finally:
                process.terminate()
