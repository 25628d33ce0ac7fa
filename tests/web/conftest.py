"""The page in a real browser, on a real service with the shipped network: one of each for all tests."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, expect

from impasto.model.network.config import SHIPPED
from tests.app.test_server import free_port, serving

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "screenshots"
AXE = ROOT / ".venv" / "axe-core" / "axe.min.js"
CHROMIUM = shutil.which("chromium")
PHONE, WIDE = (360, 780), (1600, 1000)
View = tuple[tuple[int, int], Literal["light", "dark"]]
SCHEMES: tuple[Literal["light", "dark"], ...] = ("dark", "light")
SHOWN: tuple[View, ...] = ((PHONE, "dark"), (WIDE, "light"))
CHECKED: tuple[View, ...] = tuple((size, scheme) for size in (PHONE, WIDE) for scheme in SCHEMES)
SECONDS = 30
"""For anything the page does: it shares two cores with the service."""

expect.set_options(timeout=SECONDS * 1000)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if CHROMIUM is None and "browser" in getattr(item, "fixturenames", ()):
        pytest.skip("Chromium is not installed (Debian, Ubuntu: apt install chromium)")


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Debian's browser; it runs as root in containers, where its sandbox cannot.

    It would take a busy service for a slow network, and load what is far from view earlier. Its cameras are its own.
    """
    camera = "--use-fake-device-for-media-stream=device-count=2"
    return {"executable_path": CHROMIUM, "args": ["--no-sandbox", "--force-effective-connection-type=4G", camera]}


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page")


class Service:
    """A service process that can go away and come back under the same address."""

    def __init__(self, data_dir: Path) -> None:
        self._port, self._data_dir, self._running = free_port(), data_dir, ExitStack()

    def start(self) -> str:
        """Its URL, when it is ready."""
        return self._running.enter_context(serving(SHIPPED, port=self._port, data_dir=self._data_dir))

    def stop(self) -> None:
        self._running.close()


@pytest.fixture(scope="session")
def service(data_dir: Path) -> Iterator[Service]:
    service = Service(data_dir)
    yield service
    service.stop()


@pytest.fixture(scope="session")
def base_url(service: Service) -> str:
    return service.start()


@pytest.fixture
def expected_errors() -> list[str]:
    """Regular expressions of what the browser may complain about in a test that provokes it."""
    return []


@pytest.fixture
def page(page: Page, expected_errors: list[str]) -> Iterator[Page]:
    """The page, its example painted; fails the test for any error in it, and for anything fetched from elsewhere."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    page.on("request", lambda request: None if _is_ours(request.url) else faults.append(f"fetched {request.url}"))
    page.set_default_timeout(SECONDS * 1000)
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    page.goto("/")
    expect(page.locator(".card")).not_to_have_count(0)
    expect(page.locator("#viewport")).to_have_attribute("data-shown", "whole")
    yield page
    assert [fault for fault in faults if not any(re.search(pattern, fault) for pattern in expected_errors)] == []


def _is_ours(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "blob:http://127.0.0.1:"))


def seen_in(page: Page, views: Iterable[View]) -> Iterator[tuple[int, str]]:
    """Bring the page into each view, and give its width and scheme."""
    for (width, height), scheme in views:
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # else colours are on their way
        yield width, scheme


@pytest.fixture
def screenshot(page: Page) -> Callable[[str], None]:
    """Keep what the page looks like: dark on a phone, and wide and light."""

    def shoot(name: str) -> None:
        SCREENSHOTS.mkdir(exist_ok=True)
        for width, scheme in seen_in(page, SHOWN):
            page.evaluate("scrollTo(0, 0)")
            page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{scheme}.png")

    return shoot


@pytest.fixture
def assert_accessible(page: Page) -> Callable[[], None]:
    """Fail for what axe-core finds, on a phone and wide, light and dark."""
    if not AXE.is_file():
        pytest.skip("axe-core is not there (make axe, which needs npm)")

    def check() -> None:
        page.evaluate(AXE.read_text("utf-8"))
        for width, scheme in seen_in(page, CHECKED):
            violations = page.evaluate("async () => (await axe.run()).violations")
            found = [(each["id"], [node["html"] for node in each["nodes"]]) for each in violations]
            assert found == [], f"{width} pixels wide, {scheme}"

    return check
