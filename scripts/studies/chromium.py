"""Chromium, in which the page is looked at as its visitors do: Debian, Ubuntu: apt install chromium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from impasto.scripts.studies.peers import NotInstalled


def find() -> str:
    """Its command. Raises NotInstalled."""
    found = shutil.which("chromium")
    if found is None:
        raise NotInstalled("Chromium is not there (Debian, Ubuntu: apt install chromium)")
    return found


@contextmanager
def opened() -> Iterator[Browser]:
    """It runs, without a window on any screen. Raises NotInstalled."""
    with (
        sync_playwright() as playwright,
        # as root in a container its sandbox cannot be
        playwright.chromium.launch(executable_path=find(), args=["--no-sandbox"]) as browser,
    ):
        yield browser
