#!/usr/bin/env python3
"""Do the jobs, fits and optimisations, of a service that leaves them to others: IMPASTO_WORKER=external.

IMPASTO_DATABASE_URL=postgresql://... scripts/worker.py

It reads the same settings as the service, and shares nothing with it but the database.
"""

from __future__ import annotations

import tyro

from impasto.app.jobs.worker import main


def worker() -> None:
    main(external=True)


if __name__ == "__main__":
    tyro.cli(worker, description=__doc__)
