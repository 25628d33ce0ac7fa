"""How a job of one long step learns that it was cancelled."""

from __future__ import annotations

from dbos import DBOS, error

from impasto.app.jobs.jobs import STATES


def end_if_cancelled(job_id: str) -> None:
    """Raises DBOSWorkflowCancelledError, DBAPIError."""
    found = DBOS.list_workflows(workflow_ids=[job_id], load_input=False, load_output=False)
    if not found or STATES[found[0].status] == "cancelled":
        raise error.DBOSWorkflowCancelledError(f"the job {job_id} is cancelled")
