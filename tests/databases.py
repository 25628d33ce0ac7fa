"""Real databases for the tests: a file of SQLite, and a PostgreSQL server of their own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg


def postgres_programs() -> Path | None:
    """The folder with PostgreSQL's `initdb` and `postgres`; Debian keeps them off the path."""
    if found := shutil.which("postgres"):
        return Path(found).parent
    return next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


@contextmanager
def postgres(folder: Path, port: int | None = None) -> Iterator[str]:
    """A PostgreSQL server on loopback, as a URL without a database's name.

    folder: of its data, which may be there from before. port: to listen on; None: a free one.
    """
    programs = postgres_programs()
    assert programs, "no PostgreSQL found"
    user = None
    if os.geteuid() == 0:  # it refuses to run as root
        user = "postgres"
        shutil.chown(folder, user, user)
        for parent in folder.parents[:-2]:
            parent.chmod(parent.stat().st_mode | 0o011)
    data = folder / "data"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = port or int(probe.getsockname()[1])
    if not data.exists():
        make = [programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync"]
        subprocess.run([str(part) for part in make], user=user, cwd=folder, check=True, capture_output=True)
    options = ["-p", str(port), "-h", "127.0.0.1", "-k", str(folder), "-c", "fsync=off", "-c", "max_connections=200"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, *options], user=user, cwd=folder, stdout=log, stderr=log
        )
    url = f"postgresql://postgres@127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                psycopg.connect(f"{url}/postgres", connect_timeout=1).close()
                break
            except psycopg.OperationalError:
                assert server.poll() is None, (folder / "log").read_text()
                time.sleep(0.1)
        yield url
    finally:
        server.send_signal(signal.SIGINT)  # whoever is connected is not waited for
        server.wait()


def new_database(server: str) -> str:
    """An empty database of a PostgreSQL server, as a URL."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{server}/{name}"
