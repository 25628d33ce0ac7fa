"""The page of a service that asks for a key."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from impasto.app.access.keys import KeyStore
from impasto.model.network.config import SHIPPED
from tests.app.test_server import serving


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyStore]:
    store = KeyStore(f"sqlite:///{tmp_path_factory.mktemp('keys')}/impasto.db")
    store.migrate()
    yield store
    store.close()


@pytest.fixture(scope="module")
def key(store: KeyStore) -> str:
    return store.add("painter", ["paint"])


@pytest.fixture(scope="module")
def url(store: KeyStore, key: str) -> Iterator[str]:
    with serving(SHIPPED, database_url=store._engine.url.render_as_string()) as url:
        yield url


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """The page as it opens, before there is a key."""
    page = browser.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(url)
    yield page
    page.close()
    assert faults == []


def give(page: Page, key: str) -> None:
    page.get_by_label("Key", exact=True).fill(key)
    page.get_by_role("button", name="Use it").click()


def test_a_key_is_asked_for_once_and_kept_for_the_tab(page: Page, key: str) -> None:
    dialog = page.locator("#key")
    expect(dialog).to_be_visible()
    expect(page.get_by_label("Key", exact=True)).to_be_focused()
    give(page, "")
    expect(page.locator("#key-error")).to_contain_text("Give it a key")
    give(page, "impasto_wrong")
    expect(page.locator("#key-error")).to_contain_text("This key is not known here")
    give(page, key)
    expect(dialog).to_be_hidden()
    expect(page.locator("#viewport")).to_have_attribute("data-shown", "whole", timeout=60_000)
    previews = page.locator(".card img")
    previews.first.scroll_into_view_if_needed()
    expect(previews.first).to_have_js_property("complete", True)
    assert previews.first.evaluate("(picture) => picture.naturalWidth") > 0
    page.reload()
    expect(previews).not_to_have_count(0)
    expect(dialog).to_be_hidden()
    assert key not in page.evaluate("JSON.stringify(localStorage) + document.cookie + location")


def test_the_code_to_copy_has_a_place_for_the_key_and_not_the_key(page: Page, key: str) -> None:
    give(page, key)
    expect(page.locator("#viewport")).to_have_attribute("data-shown", "whole", timeout=60_000)
    page.get_by_role("button", name="Code").click()
    snippet = page.locator("#snippet")
    expect(snippet).to_contain_text('-H "Authorization: Bearer $IMPASTO_KEY"')
    for language, place in (("Python", 'os.environ["IMPASTO_KEY"]'), ("JavaScript", "Bearer ${IMPASTO_KEY}")):
        page.get_by_role("tab", name=language).click()
        expect(snippet).to_contain_text(place)
        assert key not in snippet.inner_text()
        if language == "Python":
            compile(snippet.inner_text(), "snippet", "exec")


def test_another_tab_is_asked_again(page: Page, browser: Browser, url: str, key: str) -> None:
    give(page, key)
    expect(page.locator(".card")).not_to_have_count(0)
    other = browser.new_page()
    other.goto(url)
    expect(other.locator("#key")).to_be_visible()
    other.close()


def test_whoever_has_no_key_is_told_so(page: Page) -> None:
    expect(page.locator("#key")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#gallery-error")).to_contain_text("This service asks for a key")


def test_a_pack_is_exported_with_the_key_and_a_style_not_removed_with_one_for_painting(page: Page, key: str) -> None:
    give(page, key)
    expect(page.locator(".card")).not_to_have_count(0)
    page.get_by_role("button", name="About The Starry Night").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export pack").click()
    assert download.value.suggested_filename == "van-gogh-starry-night.safetensors"
    page.locator("#about").get_by_role("button", name="Close").click()
    pack = download.value.path().read_bytes()
    page.set_input_files("#pack-file", {"name": "again.safetensors", "mimeType": "", "buffer": pack})
    expect(page.locator("#import-error")).to_contain_text("This key is not good for that")


def test_there_are_no_barriers(page: Page, assert_accessible: Callable[[], None]) -> None:
    expect(page.locator("#key")).to_be_visible()
    assert_accessible()
