"""Keeps a worker running beside the service."""

from __future__ import annotations

import asyncio
import sys

import structlog

from impasto.app.settings import Settings

log = structlog.stdlib.get_logger(__name__)

LONGEST_PAUSE = 60.0
"""Seconds between two starts of a worker that keeps failing."""
PATIENCE = 5.0
"""Seconds that a worker has to stop by itself; what it was doing it does again."""


class Supervisor:
    """alive: whether there is a worker now."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.alive = False

    async def keep(self) -> None:
        """Start a worker, and another when it ends, until cancelled. It also ends when this process does, however."""
        pause = 1.0
        while True:
            started = asyncio.get_running_loop().time()
            try:
                code = str(await self._work())
            except Exception as error:  # noqa: BLE001 - no process or no memory left, or a fault of ours: jobs go on
                code = str(error)
            lasted = asyncio.get_running_loop().time() - started
            pause = 1.0 if lasted > LONGEST_PAUSE else min(2 * pause, LONGEST_PAUSE)
            log.error("the worker ended; another one is started", code=code, pause=pause)
            await asyncio.sleep(pause)

    async def _work(self) -> int:
        """The exit code of a worker that was started and has ended."""
        worker = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "impasto.app.jobs.worker",
            stdin=asyncio.subprocess.PIPE,  # its end is the end of this process
            env=self._settings.environment(),
            start_new_session=True,  # Ctrl-C is meant for the service, which ends its worker by itself
        )
        self.alive = True
        try:
            return await worker.wait()
        finally:
            self.alive = False
            if worker.returncode is None:
                await _stop(worker)


async def _stop(worker: asyncio.subprocess.Process) -> None:
    worker.terminate()
    try:
        await asyncio.wait_for(worker.wait(), PATIENCE)
    except TimeoutError:
        worker.kill()
        await worker.wait()
