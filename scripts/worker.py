"""Do the jobs, fits and optimisations, of services that leave them to others: IMPASTO_WORKER=external.

    IMPASTO_DATABASE_URL=postgresql://... impasto worker

It reads the same settings as a service, and shares nothing with it but the database.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Arguments:
    pass


def run(_: Arguments) -> None:
    from impasto.app.jobs.worker import main

    main(external=True)
