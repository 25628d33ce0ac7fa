"""What processes of `tests.processes` find imported."""

from __future__ import annotations

import impasto.app.jobs.worker
import impasto.scripts.bulk_painting
import impasto.scripts.serving  # noqa: F401
