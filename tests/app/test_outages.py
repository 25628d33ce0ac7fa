"""A real service whose database goes and comes back."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.app.jobs.test_worker import PASSES, ask, steps_done, succeeded, until, working
from tests.app.routes.test_health import eventually
from tests.app.test_faults import code, paint
from tests.app.test_server import free_port, serving
from tests.databases import postgres, postgres_programs
from tests.pictures import encoded, photo

SMALL = encoded(photo())


def add(url: str, style_id: str) -> Any:
    pack = httpx2.get(f"{url}/v1/styles/the-scream/pack", timeout=60).content
    return httpx2.put(f"{url}/v1/styles/{style_id}/pack", content=pack, timeout=60)


def ready(url: str) -> bool:
    return httpx2.get(f"{url}/readyz").status_code == 200


@pytest.mark.skipif(postgres_programs() is None, reason="PostgreSQL is not installed")
def test_a_database_that_is_gone_at_the_start_and_goes_again_loses_nothing_and_nobody_restarts_the_service(
    tiny_checkpoint_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, port = tmp_path_factory.mktemp("outage"), free_port()
    database = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    with serving(tiny_checkpoint_file, database_url=database, probe="healthz") as url, ExitStack() as workers:
        assert not ready(url)
        assert code(paint(url, SMALL)) == (503, "store_unavailable")  # there may be keys
        with postgres(folder, port):
            assert eventually(lambda: ready(url))
            assert add(url, "before").status_code == 201
            job = ask(url, "fitted")
            worker = workers.enter_context(working(tiny_checkpoint_file, database))
            until(job, lambda job: job["step"] >= 1)
        refused = [add(url, "meanwhile"), httpx2.get(job, timeout=60)]
        assert [code(answer) for answer in refused] == [(503, "store_unavailable")] * 2
        assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
        assert paint(url, SMALL, style="before").status_code == 200
        assert worker.wait(30) == 1  # for another to go on, on a connection that holds
        with postgres(folder, port), working(tiny_checkpoint_file, database):
            assert eventually(lambda: add(url, "after").status_code == 201)
            assert until(job, succeeded)["step"] == PASSES
            assert steps_done(database, job).count("advance") == PASSES
            for style in ("before", "after", "fitted"):
                assert httpx2.get(f"{url}/v1/styles/{style}", timeout=60).status_code == 200


def test_an_sqlite_file_that_was_removed_takes_nothing_and_is_used_again_when_it_is_back(
    tiny_checkpoint_file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    with serving(tiny_checkpoint_file, data_dir=folder) as url:
        assert add(url, "before").status_code == 201
        moves = (folder, tmp_path / "folder"), (folder / "impasto.db", tmp_path / "file")
        for number, (there, elsewhere) in enumerate(moves):
            there.rename(elsewhere)
            assert code(add(url, "meanwhile")) == (503, "store_unavailable")
            assert paint(url, SMALL, style="before").status_code == 200
            assert not there.exists()
            elsewhere.rename(there)
            assert add(url, f"after-{number}").status_code == 201
    with closing(sqlite3.connect(folder / "impasto.db")) as database:
        assert database.execute("SELECT id FROM styles ORDER BY id").fetchall() == [
            ("after-0",),
            ("after-1",),
            ("before",),
        ]
