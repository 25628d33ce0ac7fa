"""The process that fits styles: takes jobs from the queue, one at a time, and adds what it has fitted to the store.

A service starts one beside itself (`app/supervisor.py`); with IMPASTO_WORKER=external, `scripts/worker.py` is
that process. Of several on one database one works and the others stand by: when it dies, the next one goes on
with its job after the last recorded step.
"""

from __future__ import annotations

import base64
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from dbos import DBOS, DBOSPortableJSONSerializer, StepOptions
from filelock import FileLock
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from torch import Tensor

from app.database import PATIENCE, StoreUnavailable, available, connect, make_folder
from app.jobs import APPLICATION, FIT, PREVIEW, PROGRESS, VERSION, FitRequest, Progress, dbos_url, queue_name
from app.previews import PHOTO, small
from app.settings import Settings
from app.store import StyleExists, StyleStore
from app.telemetry import configure_logging
from model import checkpoint, images
from model.checkpoint import Checkpoint, CheckpointError
from model.device import DeviceUnavailable, find_device
from model.loss_network import LossNetworkMissing, is_there, load_weights
from model.training.content import crops
from model.training.fit_style import FitState, Fitter
from model.training.verdict import judge

log = structlog.stdlib.get_logger(__name__)

MOST_ATTEMPTS = 5
"""Times that a job may take its worker down with it before it is given up."""
KEPT = timedelta(days=7)
"""How long jobs that have ended are remembered."""
ADVISORY_LOCK = 0x1A9A571
"""PostgreSQL's advisory lock of the one worker that works."""
WATCH = 5.0
"""Seconds between two looks at what the worker hangs on."""


ADD: StepOptions = {
    "name": "add",
    "retries_allowed": True,
    "should_retry": lambda error: isinstance(error, StoreUnavailable),
    "max_attempts": 1000,
    "interval_seconds": PATIENCE,
    "backoff_rate": 1,
}
"""How a style is stored: again and again until its database is back."""


class Worker:
    """Fits styles to the served network and adds them to the store."""

    def __init__(self, settings: Settings, source: Checkpoint, store: StyleStore) -> None:
        self._settings, self._source, self._store = settings, source, store
        self._photo = images.decode(PHOTO.read_bytes())

    def fit_style(self, request: dict[str, Any]) -> dict[str, Any]:
        """The job, as a workflow of DBOS: its steps are done once, all else again after a restart.

        request: a FitRequest as JSON. Returns verdict, message and losses.
        """
        job = FitRequest.from_json(request)
        fitter = self._fitter(job)
        state = FitState.from_json(DBOS.run_step({"name": "begin"}, lambda: fitter.begin().to_json()))
        while not state.finished:
            begun = time.monotonic()
            state = FitState.from_json(DBOS.run_step({"name": "advance"}, self._advance, fitter, state))
            DBOS.set_event(PREVIEW, DBOS.run_step({"name": "preview"}, self._show, fitter, state))
            self._tell(fitter, state, time.monotonic() - begun)
        fitted = DBOS.run_step({"name": "judge"}, self._judge, job, fitter, state)
        DBOS.run_step(ADD, self._add, job.style.id, fitted)
        verdict: dict[str, Any] = fitted["verdict"]
        return verdict

    def _advance(self, fitter: Fitter, state: FitState) -> dict[str, Any]:
        return fitter.advance(state).to_json()

    def _tell(self, fitter: Fitter, state: FitState, seconds: float) -> None:
        """Publish how far the fit is, when the preview of the same pass can be had. seconds: that this pass took."""
        passes = fitter.config.passes
        left = 0.0 if state.finished else round((passes - state.passes) * seconds, 1)
        DBOS.set_event(PROGRESS, asdict(Progress(state.passes, passes, dict(state.losses), left)))

    def _fitter(self, job: FitRequest) -> Fitter:
        settings = self._settings
        return Fitter(
            self._source,
            images.decode(job.painting).rgb,
            crops(settings.fit_content),
            weights=load_kept_weights(settings),
            device=settings.device,
        )

    def _preview(self, fitter: Fitter, state: FitState) -> bytes:
        painted = self._photo.with_rgb(fitter.paint(state.vector, self._photo.rgb[None])[0])
        return images.encode(painted, "jpeg", quality=85)

    def _show(self, fitter: Fitter, state: FitState) -> str:
        return _text(self._preview(fitter, state))

    def _judge(self, job: FitRequest, fitter: Fitter, state: FitState) -> dict[str, Any]:
        """The finished style, as plain JSON values: its pack and preview as files, and the verdict."""
        verdict = judge(fitter, state.vector, crops(self._settings.fit_content, count=4, side=256, seed=1))
        preview = self._preview(fitter, state)
        pack = fitter.pack(job.style, state, asdict(verdict), small(preview)).to_bytes()
        return {"pack": _text(pack), "preview": _text(preview), "verdict": asdict(verdict)}

    def _add(self, style_id: str, fitted: dict[str, Any]) -> None:
        """Store the style; done again after a restart, it finds its style there."""
        pack, preview = base64.b64decode(fitted["pack"]), base64.b64decode(fitted["preview"])
        try:
            self._store.add(style_id, pack, preview)
        except StyleExists:
            if self._store.get(style_id).pack != pack:
                raise


def load_kept_weights(settings: Settings) -> dict[str, Tensor]:
    """The loss network from this machine: a job never downloads it. Raises LossNetworkMissing."""
    path = settings.loss_network_file
    if not is_there(path):
        raise LossNetworkMissing(f"the loss network is missing: run scripts/fetch_loss_network.py, which writes {path}")
    return load_weights(path if path.is_file() else None)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def run(settings: Settings) -> None:
    """Work until killed. Raises what loading a checkpoint does, and StoreUnavailable."""
    find_device(settings.device)
    source = checkpoint.load(settings.checkpoint)
    network_id = source.network_id
    store = StyleStore(settings.database, network_id)
    engine = connect(settings.database)
    with available():
        make_folder(engine)
    with only_worker(engine, network_id):
        store.migrate()
        worker = Worker(settings, source, store)
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

        @DBOS.workflow(name=FIT, max_recovery_attempts=MOST_ATTEMPTS)
        def fit_style(request: dict[str, Any]) -> dict[str, Any]:
            try:
                return worker.fit_style(request)
            except DBAPIError:  # a full disk: DBOS could not record a step, and recovers jobs only when it starts
                log.exception("the job cannot be recorded; the worker starts anew")
                os._exit(1)

        queue = queue_name(network_id)
        DBOS.listen_queues([queue])
        DBOS.launch()
        DBOS.register_queue(queue, worker_concurrency=1, polling_interval_sec=0.5)
        log.info("the worker fits styles", network=network_id)
        while True:
            _forget_old_jobs()
            time.sleep(3600)


@contextmanager
def only_worker(engine: Engine, network_id: str) -> Iterator[None]:
    """Wait until no other process works for the network on this database, and keep others from it.

    The lock is the operating system's or PostgreSQL's own, so it ends with its holder, however that ends. When
    the connection that holds it breaks, so does the process: another one may be working by then.
    """
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


def _forget_old_jobs() -> None:
    before = (datetime.now(UTC) - KEPT).isoformat()
    try:
        old = DBOS.list_workflows(name=FIT, completed_before=before, load_input=False, load_output=False)
        DBOS.delete_workflows([job.workflow_id for job in old])
    except DBAPIError:
        log.exception("jobs that ended long ago are still remembered")


def _end_with_service() -> None:
    """Exit when the service does, even by kill -9: it holds the other end of the standard input."""
    while os.read(sys.stdin.fileno(), 1):  # not by sys.stdin, whose lock would be held at exit
        pass
    os._exit(0)


def main(*, external: bool = False) -> None:
    """external: not started by a service, but by a person."""
    settings = Settings()
    configure_logging(settings.log_format)
    if not external:
        os.nice(10)  # pictures that are waited for go first
        threading.Thread(target=_end_with_service, daemon=True).start()
    try:
        if external:
            load_kept_weights(settings)  # better found now than by every job
        run(settings)
    except (OSError, CheckpointError, DeviceUnavailable, StoreUnavailable, LossNetworkMissing) as error:
        sys.exit(f"worker: {error}")


if __name__ == "__main__":
    main()
