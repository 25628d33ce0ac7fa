"""What takes too long for an answer, as durable jobs: submitted, followed, cancelled here, run by `worker.py`.

The fit of a new style, a picture by optimisation, a film, and what is made of an exemplar's own pixels.

DBOS keeps them in the database of the added styles. A job is a workflow of DBOS whose steps are recorded: a
worker that was killed goes on after the last one that is.
"""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal
from uuid import uuid4

from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer, EnqueueOptions, WorkflowStatus, error
from sqlalchemy.engine import make_url

from impasto.app.database import PATIENCE, alone, available, connect, make_folder, writing
from impasto.app.jobs.requests import EXEMPLAR_KINDS, FIT, KINDS, OPTIMIZE, JobRequest, Kind
from impasto.model.errors import ImpastoError
from impasto.model.styles.fit_record import Grade

APPLICATION = "impasto"
VERSION = "1"
"""Of the steps of a job. Another number leaves jobs that were begun by older code to older workers."""
PROGRESS, PREVIEW, RESULT = "progress", "preview", "result"
"""What a worker publishes of a job."""
FAULT = "the job failed by a fault of the service; the worker's log says why"
"""What is said of an error that is not meant for whoever asked."""
SUBMITTING = 0x1A9A572
"""What lets one replica submit a job while the others wait."""

JOB_ID = re.compile(r"[\w-]{1,64}", re.ASCII)

State = Literal["queued", "running", "succeeded", "failed", "cancelled"]
STATES: dict[str, State] = {
    "ENQUEUED": "queued",
    "DELAYED": "queued",
    "PENDING": "running",
    "SUCCESS": "succeeded",
    "ERROR": "failed",
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "failed",
    "CANCELLED": "cancelled",
}
FINAL: tuple[State, ...] = ("succeeded", "failed", "cancelled")

SECONDS_EACH = 60
"""What a job may take, for the advice when to come back."""


class UnknownJob(ImpastoError, LookupError):
    """There is no job of that id; finished ones are forgotten after a week."""


class JobFinished(ImpastoError):
    """The job has ended and cannot be cancelled any more."""


class FitRunning(ImpastoError):
    """A fit of a style of that id is queued or running."""


class NoResult(ImpastoError, LookupError):
    """The job has nothing to give: it failed, was cancelled, or fits a style; or its film was removed."""


class JobsFull(ImpastoError):
    """As many jobs as are allowed are waiting."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting} jobs are waiting already; try again later")
        self.retry_after = SECONDS_EACH


class KeyReused(ImpastoError):
    """An idempotency key came with another request than the first time."""


@dataclass(frozen=True)
class Progress:
    """How far a job is. losses: of a fit content_error and style_distance, of an optimisation its parts.

    seconds_left: None while not known.
    """

    step: int = 0
    steps: int | None = None
    losses: dict[str, float] = field(default_factory=dict)
    seconds_left: float | None = None


@dataclass(frozen=True)
class Job:
    """A job. style_id, verdict, message: of a fit, the last two when it has succeeded. message: or why it failed.

    file: of a film that is painted, its file's name.
    """

    id: str
    kind: Kind
    style_id: str | None
    state: State
    progress: Progress
    verdict: Grade | None
    message: str | None
    created: datetime
    file: str | None

    @property
    def finished(self) -> bool:
        return self.state in FINAL

    @property
    def shown(self) -> bool:
        """Whether there is something to see of it: of what is made of an exemplar, when all of it is made."""
        return self.kind not in EXEMPLAR_KINDS or self.progress.step == self.progress.steps


def queue_name(network_id: str) -> str:
    """The queue of a network's jobs: a worker serves one network."""
    return f"fits-{network_id}"  # called so when fits were the only jobs; some may be waiting in it


class Jobs:
    """The jobs for one network.

    url: of the database. queue_size: jobs that may wait. Whoever only reads waits for no lock.
    Every method raises StoreUnavailable.
    """

    def __init__(self, url: str, network_id: str, *, queue_size: int) -> None:
        self._url, self._network_id = url, network_id
        self._queue, self._queue_size = queue_name(network_id), queue_size
        self._engine, self._writing = connect(url), writing(connect(url))  # who waits to write keeps no reader waiting
        self._client = DBOSClient(
            system_database_engine=self._engine,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
            retry_connection_errors=False,
            lazy=True,
        )
        self._migrated = False

    def submit(
        self,
        request: JobRequest,
        *,
        key: str | None = None,
        job_id: str | None = None,
        check: Callable[[], object] = lambda: None,
    ) -> Job:
        """Queue a job, or find the one that came with the same key before, wherever it stands by now.

        All in one transaction, while nobody else submits. job_id: of a new one; None: any. check: raises what
        speaks against a new job.
        Raises KeyReused, JobsFull, FitRunning too.
        """
        job_id, style_id, told = job_id or new_id(), request.style_id, request.to_json()
        fingerprint = sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
        sender = f"{self._network_id} {key or job_id}"
        options: EnqueueOptions = {
            "workflow_name": request.kind,
            "queue_name": self._queue,
            "workflow_id": job_id,
            "deduplication_id": style_id or job_id,
            "authenticated_user": sender,  # stays with the job until it is forgotten, and can be looked up by
            "attributes": {"style": style_id, "fingerprint": fingerprint},
        }
        with self._database() as client, alone(self._writing, SUBMITTING) as connection:
            if known := client.list_workflows(user=sender, load_input=False, load_output=False):
                if (known[0].attributes or {})["fingerprint"] != fingerprint:
                    raise KeyReused("this Idempotency-Key came with another request before; use a new one")
                job_id = known[0].workflow_id
            else:
                waiting = client.list_workflows(queue_name=self._queue, status="ENQUEUED", load_input=False)
                if len(waiting) >= self._queue_size:
                    raise JobsFull(len(waiting))
                check()
                try:
                    client.enqueue_in_transaction(connection, options, told)
                except error.DBOSQueueDeduplicatedError:
                    raise FitRunning(f"a fit of a style {style_id!r} is queued or running already") from None
        return self.get(job_id)

    def get(self, job_id: str) -> Job:
        """A job. Raises UnknownJob."""
        if not JOB_ID.fullmatch(job_id):  # PostgreSQL would refuse a text with \0 in it
            raise UnknownJob("there is no job of such an id, which has letters, digits and hyphens")
        with self._database() as client:
            found = client.list_workflows(workflow_ids=[job_id], name=[*KINDS], load_input=False)
            if not found:
                raise UnknownJob(f"there is no job {job_id}; those that ended are forgotten after a week")
            return _job(found[0], Progress(**(client.get_event(job_id, PROGRESS, 0) or {})))

    def count(self) -> Counter[tuple[Kind, State]]:
        """How many there are of each kind in each state; those that ended are forgotten after a week."""
        with self._database() as client:
            found = client.list_workflows(name=[*KINDS], load_input=False, load_output=False)
        ours = (job for job in found if (job.authenticated_user or "").startswith(f"{self._network_id} "))
        return Counter((_kind(job), STATES[job.status]) for job in ours)

    def preview(self, job_id: str) -> bytes | None:
        """What there was to see when last looked at, as a JPEG; None before the first time."""
        with self._database() as client:
            picture = client.get_event(job_id, PREVIEW, 0)
        return base64.b64decode(picture) if picture else None

    def result(self, job: Job) -> bytes:
        """The picture that a job made which succeeded, as a file. Raises NoResult."""
        if job.kind not in (OPTIMIZE, *EXEMPLAR_KINDS) or job.state != "succeeded":
            reason = "fits a style" if job.kind == FIT else f"is {job.state}"
            raise NoResult(f"there is no picture of the job {job.id}, which {reason}")
        with self._database() as client:
            return base64.b64decode(client.get_event(job.id, RESULT, 0))

    def cancel(self, job_id: str) -> Job:
        """Cancel a job: at once when it waits, else after the step it is at. Raises UnknownJob, JobFinished."""
        if not self.get(job_id).finished:
            with self._database() as client:
                with self._writing.begin():  # DBOS itself waits for a lock without an end
                    pass
                client.cancel_workflow(job_id)
            if (job := self.get(job_id)).state == "cancelled":  # else it ended meanwhile
                return job
        raise JobFinished(f"the job {job_id} has ended")

    def close(self) -> None:
        """Close all connections."""
        self._client.destroy()
        self._engine.dispose()
        self._writing.dispose()

    @contextmanager
    def _database(self) -> Iterator[DBOSClient]:
        """DBOS on a database that has its tables: the worker makes them too, but may not have started yet."""
        with available():
            if not self._migrated:
                make_folder(self._engine)
                with self._writing.begin():  # DBOS itself waits for a lock for half a minute
                    pass
                DBOS.migrate(dbos_url(self._url))
                self._migrated = True
            yield self._client


def new_id() -> str:
    """An id for a job."""
    return str(uuid4())


def dbos_url(url: str) -> str:
    """A database's URL as DBOS takes it."""
    parsed = make_url(url)
    if parsed.get_backend_name() in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql").update_query_dict({"connect_timeout": str(PATIENCE)})
    return parsed.render_as_string(hide_password=False)


def _kind(found: WorkflowStatus) -> Kind:
    return next(kind for kind in KINDS if kind == found.name)


def _job(found: WorkflowStatus, progress: Progress) -> Job:
    state = STATES[found.status]
    output: dict[str, Any] = found.output or {} if state == "succeeded" else {}
    return Job(
        id=found.workflow_id,
        kind=_kind(found),
        style_id=(found.attributes or {})["style"],
        state=state,
        progress=progress,
        verdict=output.get("grade"),
        message=str(found.error or FAULT) if state == "failed" else output.get("message"),
        created=datetime.fromtimestamp((found.created_at or 0) / 1000, UTC),
        file=output.get("file"),
    )
