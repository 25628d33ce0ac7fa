"""Jobs on every database that is supported: submitted, found again, refused, cancelled. No worker is running."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from dbos import DBOSClient, DBOSPortableJSONSerializer, EnqueueOptions

from impasto.app.database import StoreUnavailable, connect, writing
from impasto.app.jobs.jobs import FitRunning, JobFinished, Jobs, JobsFull, KeyReused, UnknownJob
from impasto.app.jobs.requests import FitRequest
from impasto.app.styles.store import StyleExists
from impasto.model.errors import ImpastoError
from impasto.model.styles.style import Style
from tests.databases import new_database

REQUEST = FitRequest(Style("my-style", "My Style"), b"\x00\xffpainting")


def other(style_id: str) -> FitRequest:
    return FitRequest(Style(style_id, style_id), b"")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """One of each kind, as a URL, in which each test has networks of its own: to make its tables takes DBOS seconds."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('jobs')}/impasto.db"
    return new_database(request.getfixturevalue("postgres_server"))


@pytest.fixture
def network() -> str:
    return new_network()


def new_network() -> str:
    """The id of a network that nobody has jobs of."""
    return uuid4().hex[:16]


@pytest.fixture
def jobs(database: str, network: str) -> Iterator[Jobs]:
    jobs = Jobs(database, network, queue_size=2)
    yield jobs
    jobs.close()


def test_a_job_waits_in_the_queue_and_is_found_again(jobs: Jobs) -> None:
    job = jobs.submit(REQUEST)
    assert (job.style_id, job.state, job.finished) == ("my-style", "queued", False)
    assert (job.progress.step, job.progress.losses, job.verdict, job.message) == (0, {}, None, None)
    assert jobs.get(job.id) == job
    assert jobs.preview(job.id) is None


def test_another_replica_finds_it_too(jobs: Jobs, database: str, network: str) -> None:
    job = jobs.submit(REQUEST)
    replica = Jobs(database, network, queue_size=2)
    assert replica.get(job.id) == job
    replica.close()


def test_a_request_comes_back_from_json_as_it_was() -> None:
    assert FitRequest.from_json(REQUEST.to_json()) == REQUEST


def test_the_same_key_is_the_same_job_to_its_end_and_after(jobs: Jobs, database: str, network: str) -> None:
    job = jobs.submit(REQUEST, key="k")
    replica = Jobs(database, network, queue_size=1)
    assert replica.submit(REQUEST, key="k") == job  # though the queue is full
    replica.close()
    cancelled = jobs.cancel(job.id)
    assert jobs.submit(REQUEST, key="k") == cancelled


def test_nothing_speaks_against_a_job_that_is_there_already(jobs: Jobs) -> None:
    def taken() -> None:
        raise StyleExists("there is a style 'my-style' already")

    job = jobs.submit(REQUEST, key="k")
    assert jobs.submit(REQUEST, key="k", check=taken) == job
    with pytest.raises(StyleExists):
        jobs.submit(other("b"), check=taken)
    assert jobs.submit(other("b")).state == "queued"  # nothing was left behind


def test_the_key_of_another_request_is_refused(jobs: Jobs) -> None:
    jobs.submit(REQUEST, key="k")
    with pytest.raises(KeyReused):
        jobs.submit(other("b"), key="k")


def test_a_key_does_not_tell_the_id_of_its_job(jobs: Jobs, database: str) -> None:
    elsewhere = Jobs(database, new_network(), queue_size=2)
    ids = {jobs.submit(REQUEST, key="k").id, elsewhere.submit(REQUEST, key="k").id}
    assert [UUID(job_id).version for job_id in ids] == [4, 4]
    elsewhere.close()


def test_a_job_that_was_stored_before_keys_were_looked_up_waits_on(jobs: Jobs, database: str, network: str) -> None:
    job = jobs.submit(other("b"))  # makes the tables
    engine = connect(database)
    client = DBOSClient(
        system_database_engine=writing(engine), serializer=DBOSPortableJSONSerializer(), application_name="impasto"
    )
    options: EnqueueOptions = {
        "workflow_name": "fit_style",
        "queue_name": f"fits-{network}",
        "workflow_id": "5c0e8cf2-8a57-5d0c-9d0b-1f6f0f7a3c11",
        "deduplication_id": "my-style",
        "attributes": {"style": "my-style", "fingerprint": "digest"},
    }
    client.enqueue(options, REQUEST.to_json())
    client.destroy()
    engine.dispose()
    assert jobs.get(options["workflow_id"]).state == jobs.get(job.id).state == "queued"
    with pytest.raises(JobsFull, match="2 jobs"):
        jobs.submit(other("c"))


def test_one_fit_at_a_time_for_an_id(jobs: Jobs) -> None:
    jobs.submit(REQUEST)
    with pytest.raises(FitRunning, match="'my-style'"):
        jobs.submit(REQUEST)


def test_the_same_id_may_be_fitted_to_another_network(jobs: Jobs, database: str) -> None:
    jobs.submit(REQUEST)
    elsewhere = Jobs(database, new_network(), queue_size=2)
    assert elsewhere.submit(REQUEST).state == "queued"
    elsewhere.close()


def test_a_full_queue_refuses_until_one_is_cancelled(jobs: Jobs) -> None:
    job = jobs.submit(REQUEST)
    jobs.submit(other("b"))
    with pytest.raises(JobsFull, match="2 jobs are waiting") as refused:
        jobs.submit(other("c"))
    assert refused.value.retry_after >= 1
    jobs.cancel(job.id)
    assert jobs.submit(other("c")).state == "queued"


def at_once(number: int, work: Callable[[int], object]) -> list[object]:
    """What so many threads that start together got, or the errors that they raised."""
    start = Barrier(number)

    def run(index: int) -> object:
        start.wait()
        try:
            return work(index)
        except ImpastoError as error:
            return type(error)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


def test_twelve_at_once_queue_no_more_than_may_wait(database_url: str, network: str) -> None:
    replicas = [Jobs(database_url, network, queue_size=2) for _ in range(2)]  # of which both would make the tables
    answers = at_once(12, lambda index: replicas[index % 2].submit(other(f"style-{index}")).state)
    assert sorted(map(str, answers)) == sorted(map(str, ["queued"] * 2 + [JobsFull] * 10))
    for replica in replicas:
        replica.close()


def test_twelve_at_once_with_one_key_are_one_job(jobs: Jobs) -> None:
    assert len(set(at_once(12, lambda _: jobs.submit(REQUEST, key="k").id))) == 1


def test_a_cancelled_job_has_ended_and_its_id_is_free(jobs: Jobs) -> None:
    job = jobs.submit(REQUEST)
    cancelled = jobs.cancel(job.id)
    assert (cancelled.state, cancelled.finished) == ("cancelled", True)
    with pytest.raises(JobFinished):
        jobs.cancel(job.id)
    assert jobs.submit(REQUEST).state == "queued"


def test_an_unknown_job_is_an_error(database_url: str, network: str) -> None:
    jobs = Jobs(database_url, network, queue_size=2)  # where nobody has made the tables
    with pytest.raises(UnknownJob, match="no job nowhere"):
        jobs.get("nowhere")
    with pytest.raises(UnknownJob):
        jobs.cancel("nowhere")
    jobs.close()


def test_a_database_that_cannot_be_used_comes_back(tmp_path: Path) -> None:
    place = tmp_path / "jobs.db"
    place.mkdir()  # a folder where the database should be
    jobs = Jobs(f"sqlite:///{place}", "net", queue_size=2)
    with pytest.raises(StoreUnavailable):
        jobs.submit(REQUEST)
    place.rmdir()
    assert jobs.submit(REQUEST).state == "queued"
    jobs.close()


def test_while_another_process_writes_jobs_are_read_and_the_rest_is_an_error_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("impasto.app.database.PATIENCE", 0.2)
    jobs = Jobs(f"sqlite:///{tmp_path}/jobs.db", "net", queue_size=2)
    job = jobs.submit(REQUEST)
    other_process = sqlite3.connect(tmp_path / "jobs.db", isolation_level=None)
    other_process.execute("BEGIN IMMEDIATE")
    assert jobs.get(job.id) == job
    assert jobs.preview(job.id) is None
    for change in (partial(jobs.submit, other("b")), partial(jobs.cancel, job.id)):
        with pytest.raises(StoreUnavailable) as refused:
            change()
        assert "locked" in refused.value.reason
    other_process.rollback()
    other_process.close()
    assert jobs.cancel(job.id).state == "cancelled"
    jobs.close()


def test_jobs_of_another_network_take_no_place(jobs: Jobs, database: str) -> None:
    elsewhere = Jobs(database, new_network(), queue_size=2)
    elsewhere.submit(REQUEST)
    elsewhere.submit(other("b"))
    assert jobs.submit(other("c")).state == "queued"
    elsewhere.close()
