"""A real service whose PostgreSQL goes and comes back."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from tests.app.jobs.test_worker import ask
from tests.app.routes.test_health import eventually
from tests.app.test_faults import add, code, paint
from tests.app.test_server import free_port, serving
from tests.databases import postgres, postgres_programs
from tests.pictures import encoded, photo

SMALL = encoded(photo())


def ready(url: str) -> bool:
    return httpx2.get(f"{url}/readyz").status_code == 200


@pytest.mark.skipif(postgres_programs() is None, reason="PostgreSQL is not installed")
def test_a_database_that_is_gone_at_the_start_and_goes_again_loses_nothing_and_nobody_restarts_the_service(
    tiny_checkpoint_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, port = tmp_path_factory.mktemp("outage"), free_port()
    database = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    with serving(tiny_checkpoint_file, database_url=database, probe="healthz") as url:
        assert not ready(url)
        assert code(paint(url, SMALL)) == (503, "store_unavailable")  # there may be keys
        with postgres(folder, port):
            assert eventually(lambda: ready(url))
            assert add(url, "before").status_code == 201
            job = ask(url, "fitted")
        refused = [add(url, "meanwhile"), httpx2.get(job, timeout=60)]
        assert [code(answer) for answer in refused] == [(503, "store_unavailable")] * 2
        assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
        assert paint(url, SMALL, style="before").status_code == 200
        with postgres(folder, port):
            assert eventually(lambda: add(url, "after").status_code == 201)
            assert httpx2.get(job, timeout=60).json()["state"] == "queued"
            for style in ("before", "after"):
                assert httpx2.get(f"{url}/v1/styles/{style}", timeout=60).status_code == 200
