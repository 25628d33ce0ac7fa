"""The pictures of the page, by a real browser of the shipped network."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from impasto.scripts.studies.page import WINDOW
from tests.pictures import opened


@pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed")
def test_the_page_is_shown_as_it_opens_and_with_regions(tmp_path: Path) -> None:
    study = [sys.executable, "-m", "impasto.scripts.studies.page", "--output", str(tmp_path), "--device", "cpu"]
    subprocess.run(study, check=True)  # by itself: a process has one browser, and this one may have that of tests/web
    opening, regions = (opened((tmp_path / f"{name}.jpg").read_bytes()) for name in ("page", "page-regions"))
    assert opening.size == regions.size == WINDOW
    assert opening.tobytes() != regions.tobytes()
