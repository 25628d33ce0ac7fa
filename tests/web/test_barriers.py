"""What axe-core finds in the states of the page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.web.test_page import (
    KISS,
    NIGHT,
    SCREAM,
    WAVE,
    card,
    choose_photo,
    dropped,
    open_link,
    painted,
)
from tests.web.test_styles import open_where


@pytest.fixture(scope="module", autouse=True)
def added(base_url: str) -> Iterator[None]:
    """A style that can be renamed and removed."""
    pack = httpx2.get(f"{base_url}/v1/styles/{NIGHT}/pack", timeout=60).raise_for_status().content
    address = f"{base_url}/v1/styles/mine"
    httpx2.put(f"{address}/pack", content=pack, timeout=60).raise_for_status()
    yield
    httpx2.delete(address).raise_for_status()


def show_blend(page: Page, *styles: str) -> None:
    open_link(page, "&".join(f"style={style}" for style in styles))
    painted(page, lambda: choose_photo(page))


def show_full_square(page: Page) -> None:
    show_blend(page, NIGHT, KISS, WAVE, SCREAM)
    expect(page.locator(".mosaic img")).to_have_count(16)
    card(page, "klee-senecio").click()


def show_strip(page: Page) -> None:
    show_blend(page, NIGHT, KISS)
    page.get_by_role("button", name="Nine weights").click()
    expect(page.locator("#strip img")).to_have_count(9)


def show_after(page: Page, button: str) -> None:
    show_blend(page, NIGHT, KISS)
    page.get_by_role("button", name=button).click()


def show_bad_file(page: Page) -> None:
    dropped(page, "notes.txt", b"not a picture", "text/plain")
    expect(page.locator("#photo-error")).to_be_visible()


def show_absence(page: Page) -> None:
    show_blend(page, NIGHT)
    page.route(re.compile("healthz|stylize"), lambda route: route.abort())
    card(page, KISS).click()
    expect(page.locator("#connection")).to_be_visible()


def show_empty_form(page: Page) -> None:
    page.get_by_role("button", name="Add a style").first.click()
    page.get_by_role("button", name="Learn this style").click()


def show_ways(page: Page) -> None:
    open_where(page, predicts=True)
    page.get_by_role("button", name="Add a style").first.click()


def show_fit(page: Page, state: str) -> None:
    page.route("**/v1/jobs/**", lambda route: None)  # no news of it
    losses = {"content_error": 0.4, "style_distance": 0.2}
    job = {"id": "1", "state": state, "step": 3, "steps": 8, "seconds_left": 20, "losses": losses, "message": "good"}
    fit = json.dumps({"job": job, "title": "Patches", "began": {"content_error": "0.10", "style_distance": "0.90"}})
    page.evaluate("(fit) => localStorage.setItem('impasto-fit', fit)", fit)
    page.reload()
    page.locator("#open-add").click()
    expect(page.locator("#fit-losses")).to_contain_text("0.90 → 0.20")


def show_added(page: Page) -> None:
    page.locator('.card[data-id="mine"] .more').click()


STATES: dict[str, Callable[[Page], None]] = {
    "opening": lambda page: None,
    "slider": lambda page: show_blend(page, NIGHT, KISS),
    "square": show_full_square,
    "strip": show_strip,
    "painting alone": lambda page: show_after(page, "Compare"),
    "code": lambda page: show_after(page, "Code"),
    "bad file": show_bad_file,
    "away": show_absence,
    "form": show_empty_form,
    "ways to learn": show_ways,
    "learning": lambda page: show_fit(page, "running"),
    "learned": lambda page: show_fit(page, "succeeded"),
    "about": show_added,
}


@pytest.mark.parametrize("state", STATES)
def test_there_are_no_barriers(
    page: Page, state: str, assert_accessible: Callable[[], None], expected_errors: list[str]
) -> None:
    expected_errors += ["status of 400", "net::ERR_FAILED"]
    STATES[state](page)
    assert_accessible()
