"""The pictures of the page in README.md and docs/regions.md: what a browser shows as it opens, and with regions.

    python -m impasto.scripts.studies.page --output docs/images

Needs Chromium (Debian, Ubuntu: apt install chromium), and Playwright, which `make test` installs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import tyro
from playwright.sync_api import Page

from impasto.model.network.config import SHIPPED
from impasto.scripts.studies import chromium
from impasto.scripts.studies.service import serving

WINDOW = 1600, 900
PATIENCE = 60
"""Seconds for what the page does."""
SEEN = """() => [...document.images].every((image) => {
  const { top, bottom } = image.getBoundingClientRect();
  return bottom <= 0 || top >= innerHeight || image.complete;
})"""
"""Whether all pictures in the window are there: others are loaded once they are near."""
REGIONS = (
    {"gradient": {"from": [0.1, 0.5], "to": [0.9, 0.5]}, "weights": {"hokusai-great-wave": 1}},
    {"ellipse": {"center": [0.42, 0.35], "radii": [0.16, 0.2]}, "feather": 0.05, "weights": {"picabia-udnie": 1}},
)


@dataclass(frozen=True)
class Arguments:
    output: Path = Path("docs/images")
    """Folder of the pictures."""
    checkpoint: Path = SHIPPED
    """Network and styles."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""


def main(arguments: Arguments) -> None:
    """Raises NotInstalled."""
    regions = [("region", json.dumps(region)) for region in REGIONS]
    shown = {"page": "", "page-regions": urlencode([("style", "van-gogh-starry-night"), *regions])}
    with chromium.opened() as browser, serving(checkpoint=arguments.checkpoint, device=arguments.device) as service:
        arguments.output.mkdir(parents=True, exist_ok=True)
        for name, link in shown.items():
            page = browser.new_page(viewport={"width": WINDOW[0], "height": WINDOW[1]})
            page.set_default_timeout(1000 * PATIENCE)
            page.goto(f"{service.url}/#{link}")
            page.wait_for_selector("#stage[aria-busy=false] #viewport[data-shown=whole]")
            if link:
                choose_last_region(page)
            page.wait_for_function(SEEN)
            page.screenshot(path=arguments.output / f"{name}.jpg", quality=88)


def choose_last_region(page: Page) -> None:
    """And show where it is, with its list in view."""
    page.locator(".region-pick").last.click()
    page.get_by_role("button", name="Add a region").scroll_into_view_if_needed()


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
