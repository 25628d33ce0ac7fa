"""What is said of a database that cannot be used."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from impasto.app.database import available, connect, writing
from impasto.app.main import create_app
from impasto.app.settings import Settings

NOWHERE = "postgresql://somebody:secret@127.0.0.1:1/none"


def test_an_answer_does_not_tell_where_the_database_is(settings: Settings) -> None:
    with TestClient(create_app(settings.model_copy(update={"database_url": NOWHERE}))) as service:
        answer = service.get("/v1/jobs/some")
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert not [secret for secret in ("127.0.0.1", "port 1", "somebody", "secret") if secret in answer.text]


@pytest.mark.parametrize("statement", ["SELECT nothing FROM nowhere", "SELEC"])
def test_a_fault_of_a_program_is_not_to_be_tried_again(database_url: str, statement: str) -> None:
    engine = connect(database_url)
    with pytest.raises(DBAPIError), available(), engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_replicas_that_open_a_new_file_at_once_wait_for_one_another(tmp_path: Path) -> None:
    def write(engine: Engine) -> None:
        start.wait()
        with writing(engine).begin() as connection:
            connection.execute(text("CREATE TABLE IF NOT EXISTS styles (id)"))

    for number in range(50):
        engines = [connect(f"sqlite:///{tmp_path}/{number}.db") for _ in range(12)]
        start = Barrier(len(engines))
        with ThreadPoolExecutor(len(engines)) as threads:
            assert [*threads.map(write, engines)] == [None] * len(engines)
        for engine in engines:
            engine.dispose()
