"""The process that does the jobs: takes them from the queue, one at a time; styles that it fits it adds to the store.

A service starts one beside itself (`app/jobs/supervisor.py`); with IMPASTO_WORKER=external, `impasto worker` is
that process. Of several on one database one works and the others stand by: when it dies, the next one goes on
with its job after the last recorded step.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from dbos import DBOS, DBOSPortableJSONSerializer, PortableWorkflowError
from filelock import FileLock
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from impasto.app.database import available, connect, make_folder
from impasto.app.http.request_log import configure_logging
from impasto.app.jobs.exemplars import make_of_exemplar
from impasto.app.jobs.fit import Fitting, load_kept_weights
from impasto.app.jobs.jobs import APPLICATION, FAULT, STATES, VERSION, State, dbos_url, queue_name
from impasto.app.jobs.optimize import Optimizing
from impasto.app.jobs.requests import EXEMPLAR_KINDS, FIT, KINDS, OPTIMIZE, PAINT_VIDEO, Kind
from impasto.app.jobs.video import VideoPainting, check_videos
from impasto.app.jobs.video_files import VideoFiles
from impasto.app.settings import Settings, read_settings
from impasto.app.styles.store import StyleStore
from impasto.model.errors import ImpastoError
from impasto.model.network import checkpoint
from impasto.model.network.allocator import keep_freed_memory, release_freed_memory
from impasto.model.network.device import find_device
from impasto.model.prediction.file import find as find_predictor

log = structlog.stdlib.get_logger(__name__)

MOST_ATTEMPTS = 5
"""Times that a job may take its worker down with it before it is given up."""
KEPT = timedelta(days=7)
"""How long jobs that have ended are remembered."""
ADVISORY_LOCK = 0x1A9A571
"""PostgreSQL's advisory lock of the one worker that works."""
PATH = re.compile(r"(?<![\w:/])/[^\s,;:)]+")
"""A file of the worker's in what it says of an error, which is its log's business."""
TIDY = 300.0
"""Seconds between two times that what is over is thrown away."""
WATCH = 5.0
"""Seconds between two looks at what the worker hangs on."""


def run(settings: Settings) -> None:
    """Work until killed. Raises what loading a checkpoint does, PackagesMissing and StoreUnavailable."""
    keep_freed_memory()
    check_videos(settings)
    find_device(settings.device)
    source = checkpoint.load(settings.checkpoint)
    network_id, predictor = source.network_id, find_predictor(settings.checkpoint, source)
    store = StyleStore(settings.database, network_id)
    files = VideoFiles(settings.video_folder)
    kinds: dict[Kind, Callable[[dict[str, Any]], dict[str, Any]]] = {
        FIT: Fitting(settings, source, predictor, store).fit_style,
        OPTIMIZE: Optimizing(settings).optimize,
        PAINT_VIDEO: VideoPainting(settings, source, files).paint_video,
        **dict.fromkeys(EXEMPLAR_KINDS, make_of_exemplar),
    }
    with available(), only_worker(connect(settings.database), network_id):
        store.migrate()
        DBOS(
            config={
                "name": APPLICATION,
                "system_database_url": dbos_url(settings.database),
                "serializer": DBOSPortableJSONSerializer(),
                "executor_id": f"worker-{network_id}",
                "application_version": VERSION,
                "use_listen_notify": False,
                "log_level": "WARNING",
            }
        )
        for kind, work in kinds.items():
            DBOS.workflow(name=kind, max_recovery_attempts=MOST_ATTEMPTS)(working()(work))
        queue = queue_name(network_id)
        DBOS.listen_queues([queue])
        DBOS.launch()
        DBOS.register_queue(queue, worker_concurrency=1, polling_interval_sec=0.5)
        log.info("the worker does jobs", network=network_id)
        while True:
            _tidy(files, settings.video_kept)
            time.sleep(TIDY)


@contextmanager
def working() -> Iterator[None]:
    """Around a job: what it took of memory is given back at its end, and faults are told apart from what cannot be.

    The process ends when a step cannot be recorded, on a full disk say: DBOS recovers jobs only when it starts.
    """
    try:
        yield
    except DBAPIError:
        log.exception("the job cannot be recorded; the worker starts anew")
        os._exit(1)
    except ImpastoError as error:
        log.error("the job failed", reason=str(error))
        raise PortableWorkflowError(PATH.sub("…", str(error)), type(error).__name__) from error
    except Exception as error:
        raise PortableWorkflowError(FAULT, type(error).__name__) from error
    finally:
        release_freed_memory()


@contextmanager
def only_worker(engine: Engine, network_id: str) -> Iterator[None]:
    """Wait until no other process works for the network on this database, and keep others from it.

    The lock is the operating system's or PostgreSQL's own, so it ends with its holder, however that ends. When
    the connection that holds it breaks, so does the process: another one may be working by then.
    """
    make_folder(engine)
    if engine.dialect.name == "sqlite":
        with FileLock(f"{engine.url.database}.{network_id}.lock"):
            yield
        return
    key = int(network_id[:8], 16) ^ ADVISORY_LOCK
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}):
            time.sleep(1)

        def watch() -> None:
            try:
                while connection.scalar(text("SELECT 1")):
                    time.sleep(WATCH)
            finally:
                log.error("the connection that held the worker's lock is gone; the worker ends")
                os._exit(1)

        threading.Thread(target=watch, daemon=True).start()
        yield


def _tidy(files: VideoFiles, kept: int) -> None:
    """Forget jobs that ended long ago, and remove films that nobody needs. kept: painted ones that stay."""
    before = (datetime.now(UTC) - KEPT).isoformat()
    try:
        old = DBOS.list_workflows(name=[*KINDS], completed_before=before, load_input=False, load_output=False)
        DBOS.delete_workflows([job.workflow_id for job in old])
        files.sweep(_states, kept)
    except (DBAPIError, OSError):
        log.exception("what ended long ago is still there")


def _states(job_ids: Collection[str]) -> dict[str, State]:
    found = DBOS.list_workflows(workflow_ids=[*job_ids], load_input=False, load_output=False)
    return {job.workflow_id: STATES[job.status] for job in found}


def _end_with_service() -> None:
    """Exit when the service does, even by kill -9: it holds the other end of the standard input."""
    while os.read(sys.stdin.fileno(), 1):  # not by sys.stdin, whose lock would be held at exit
        pass
    os._exit(0)


def main(*, external: bool = False) -> None:
    """external: not started by a service, but by a person. Raises InvalidSettings, LossNetworkMissing, and as `run`."""
    settings = read_settings()
    configure_logging(settings.log_format)
    if not external:
        os.nice(10)  # pictures that are waited for go first
        threading.Thread(target=_end_with_service, daemon=True).start()
    if external:
        load_kept_weights(settings)  # better found now than by every job
    run(settings)


if __name__ == "__main__":
    try:
        main()
    except (ImpastoError, OSError) as error:
        sys.exit(f"worker: {getattr(error, 'reason', error)}")
