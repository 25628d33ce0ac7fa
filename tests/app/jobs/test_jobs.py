"""Jobs on every database that is supported: submitted, found again, refused, cancelled. No worker is running."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from impasto.app.database import StoreUnavailable
from impasto.app.jobs.jobs import FitRequest, FitRunning, JobFinished, Jobs, JobsFull, KeyReused, UnknownJob
from impasto.model.styles.style import Style

REQUEST = FitRequest(Style("my-style", "My Style"), b"\x00\xffpainting")


def other(style_id: str) -> FitRequest:
    return FitRequest(Style(style_id, style_id), b"")


@pytest.fixture
def jobs(database_url: str) -> Iterator[Jobs]:
    jobs = Jobs(database_url, "0123456789abcdef", queue_size=2)
    yield jobs
    jobs.close()


def test_a_job_waits_in_the_queue_and_is_found_again(jobs: Jobs) -> None:
    job = jobs.submit("one", REQUEST, "digest")
    assert (job.id, job.style_id, job.state, job.finished) == ("one", "my-style", "queued", False)
    assert (job.progress.step, job.progress.losses, job.verdict, job.message) == (0, {}, None, None)
    assert jobs.get("one") == job
    assert jobs.preview("one") is None


def test_another_replica_finds_it_too(jobs: Jobs, database_url: str) -> None:
    job = jobs.submit("one", REQUEST, "digest")
    replica = Jobs(database_url, "0123456789abcdef", queue_size=2)
    assert replica.get("one") == job
    replica.close()


def test_a_request_comes_back_from_json_as_it_was() -> None:
    assert FitRequest.from_json(REQUEST.to_json()) == REQUEST


def test_the_same_request_again_is_the_same_job(jobs: Jobs) -> None:
    assert jobs.known("one", "digest") is None
    job = jobs.submit("one", REQUEST, "digest")
    assert jobs.known("one", "digest") == job
    assert jobs.submit("one", REQUEST, "digest") == job


def test_the_id_of_another_request_is_refused(jobs: Jobs) -> None:
    jobs.submit("one", REQUEST, "digest")
    with pytest.raises(KeyReused):
        jobs.known("one", "another digest")
    with pytest.raises(KeyReused):  # when it is sent at the same time
        jobs.submit("one", REQUEST, "another digest")


def test_one_fit_at_a_time_for_an_id(jobs: Jobs) -> None:
    jobs.submit("one", REQUEST, "digest")
    with pytest.raises(FitRunning, match="'my-style'"):
        jobs.submit("two", REQUEST, "digest")


def test_the_same_id_may_be_fitted_to_another_network(jobs: Jobs, database_url: str) -> None:
    jobs.submit("one", REQUEST, "digest")
    elsewhere = Jobs(database_url, "fedcba9876543210", queue_size=2)
    assert elsewhere.submit("two", REQUEST, "digest").state == "queued"
    elsewhere.close()


def test_a_full_queue_refuses_until_one_is_cancelled(jobs: Jobs) -> None:
    jobs.submit("one", REQUEST, "digest")
    jobs.submit("two", other("b"), "digest")
    with pytest.raises(JobsFull, match="2 jobs are waiting") as refused:
        jobs.submit("three", other("c"), "digest")
    assert refused.value.retry_after >= 1
    jobs.cancel("one")
    assert jobs.submit("three", other("c"), "digest").state == "queued"


def test_a_cancelled_job_has_ended_and_its_id_is_free(jobs: Jobs) -> None:
    jobs.submit("one", REQUEST, "digest")
    cancelled = jobs.cancel("one")
    assert (cancelled.state, cancelled.finished) == ("cancelled", True)
    with pytest.raises(JobFinished):
        jobs.cancel("one")
    assert jobs.submit("two", REQUEST, "digest").state == "queued"


def test_an_unknown_job_is_an_error(jobs: Jobs) -> None:
    with pytest.raises(UnknownJob, match="no job nowhere"):
        jobs.get("nowhere")
    with pytest.raises(UnknownJob):
        jobs.cancel("nowhere")


def test_a_database_that_cannot_be_used_is_named_and_comes_back(tmp_path: Path) -> None:
    place = tmp_path / "jobs.db"
    place.mkdir()  # a folder where the database should be
    jobs = Jobs(f"sqlite:///{place}", "net", queue_size=2)
    with pytest.raises(StoreUnavailable, match="cannot be used"):
        jobs.submit("one", REQUEST, "digest")
    place.rmdir()
    assert jobs.submit("one", REQUEST, "digest").state == "queued"
    jobs.close()


def test_a_locked_database_is_an_error_after_a_while_and_no_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("impasto.app.database.PATIENCE", 0.2)
    jobs = Jobs(f"sqlite:///{tmp_path}/jobs.db", "net", queue_size=2)
    job = jobs.submit("one", REQUEST, "digest")
    other_process = sqlite3.connect(tmp_path / "jobs.db", isolation_level=None)
    other_process.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        jobs.get("one")
    with pytest.raises(StoreUnavailable, match="locked"):
        jobs.submit("two", other("b"), "digest")
    other_process.rollback()
    other_process.close()
    assert jobs.get("one") == job
    jobs.close()


def test_jobs_of_another_network_take_no_place(jobs: Jobs, database_url: str) -> None:
    elsewhere = Jobs(database_url, "fedcba9876543210", queue_size=2)
    elsewhere.submit("one", REQUEST, "digest")
    elsewhere.submit("two", other("b"), "digest")
    assert jobs.submit("three", other("c"), "digest").state == "queued"
    elsewhere.close()
