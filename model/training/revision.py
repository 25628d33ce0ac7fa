"""Which code a network was trained with."""

from __future__ import annotations

import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
"""The folder of a checkout of Impasto; something else where it was installed from a wheel."""


def revision(checkout: Path = CHECKOUT) -> str | None:
    """The commit of a checkout, with "+" when it was changed since; None for a folder that is none.

    The repository is named, since git would look for one in the folders around it and in the environment, where it
    finds that of whoever uses Impasto.
    """
    git = ["git", f"--git-dir={checkout / '.git'}", f"--work-tree={checkout}"]
    command = [*git, "describe", "--always", "--abbrev=12", "--dirty=+"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
