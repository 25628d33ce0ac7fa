"""Clips on the page: dropped, painted by the service's worker, and played in the place of the photo."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.app.jobs.test_video import SLOW, Service
from tests.app.test_server import serving
from tests.films import animated, filmed
from tests.pictures import encoded, photo
from tests.web.test_page import dropped

FRAMES = 12
#: Connections that break off before the page gives up.
BREAKS = 4
#: Nobody is so quick: between the last byte of a film and the answer.
CANCEL_WHEN_SENT = """() => new MutationObserver((_, observer) => {
  const [told, cancel] = ["clip-state", "clip-cancel"].map((id) => document.getElementById(id));
  if (!told.textContent.startsWith("Sent")) return;
  observer.disconnect();
  cancel.click();
}).observe(document.getElementById("clip-state"), { childList: true })"""


@pytest.fixture(scope="module")
def url(tiny_checkpoint_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = {"data_dir": tmp_path_factory.mktemp("clips"), "videos": True, "video_max_frames": 20}
    with serving(tiny_checkpoint_file, **settings) as url:
        service = Service(url, {"checkpoint": tiny_checkpoint_file, "device": "cpu", **settings})
        yield url
        service.kill()


@pytest.fixture(scope="module")
def opened(browser: Browser, url: str) -> Iterator[Page]:
    faults: list[str] = []
    page = browser.new_page(base_url=url)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda each: faults.append(each.text) if each.type in ("error", "warning") else None)
    open_page(page)
    yield page
    expected = "status of 400", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_FAILED"
    assert [fault for fault in faults if not any(each in fault for each in expected)] == []


@pytest.fixture
def page(opened: Page) -> Iterator[Page]:
    """The page, without a clip before and after each test."""
    yield opened
    opened.unroute_all(behavior="ignoreErrors")
    if opened.locator("#clip").is_visible():
        opened.get_by_role("button", name="Leave the clip").click()


def open_page(page: Page) -> None:
    page.goto("/")
    expect(page.locator("#viewport")).to_have_attribute("data-shown", "whole")


def give(page: Page, name: str, data: bytes, kind: str = "video/mp4") -> None:
    dropped(page, name, data, kind)
    expect(page.locator("#clip-title")).to_have_text(name)
    expect(page.get_by_role("button", name="Paint the clip")).to_be_visible()


def paint(page: Page) -> None:
    page.get_by_role("button", name="Paint the clip").click()


def state(page: Page) -> str:
    return page.locator("#clip-state").inner_text()


def test_a_clip_is_seen_by_its_first_frame_painted_played_and_downloaded(page: Page) -> None:
    give(page, "film.mp4", filmed(FRAMES))
    expect(page.locator("#before")).to_have_attribute("alt", "film.mp4, its first frame")
    expect(page.locator("#label-facts")).to_contain_text("64 × 48, painted in")
    with page.expect_response(lambda response: response.status == 206):
        paint(page)
        expect(page.locator("#screen video")).to_be_visible()
    video = page.locator("#screen video")
    expect(video).to_have_js_property("videoWidth", 64)
    expect(page.locator("#clip-state")).to_have_text(f"Painted: {FRAMES} frames.")
    expect(page.get_by_role("link", name="Download the clip")).to_be_focused()
    expect(page.locator("#viewport")).to_be_hidden()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the clip").click()
    assert download.value.suggested_filename == "painted.mp4"
    page.get_by_role("button", name="Show the photo").click()
    expect(page.locator("#viewport")).to_be_visible()
    expect(video).to_be_hidden()
    page.get_by_role("button", name="Show the clip").click()
    expect(video).to_be_visible()


def test_it_is_found_again_when_the_page_is_loaded_anew_and_can_be_cancelled(page: Page) -> None:
    give(page, "slow.mp4", filmed(20, width=SLOW))
    page.get_by_label("Follow what moves").check()
    paint(page)
    expect(page.locator("#clip-state")).to_have_text(re.compile(r"^Frame \d+ of 20, \d+ s left\.$"))
    page.reload()
    expect(page.locator("#clip-title")).to_have_text("slow.mp4")
    expect(page.locator("#clip-state")).to_have_text(re.compile(r"^Frame \d+ of 20"))
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#clip-state")).to_have_text("Cancelled.")
    expect(page.get_by_role("button", name="Leave the clip")).to_be_focused()
    assert page.evaluate("localStorage.getItem('impasto-clip')") is None
    page.get_by_role("slider", name="Strength").fill("80")  # of a film that is not here any more, to no end
    expect(page.get_by_role("button", name="Paint the clip")).to_be_hidden()
    page.get_by_role("slider", name="Strength").fill("100")


def test_what_broke_off_is_sent_as_the_same_job_and_what_is_sent_is_cancelled_by_its_job(page: Page) -> None:
    keys: list[str] = []

    def broken_off(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) <= BREAKS:
            route.abort()
        else:
            route.continue_()

    give(page, "film.mp4", filmed(20, width=SLOW))
    page.route("**/v1/videos", broken_off)
    paint(page)
    expect(page.locator("#clip-error")).to_have_text("The connection broke off.")
    page.evaluate(CANCEL_WHEN_SENT)
    with page.expect_request(lambda request: request.method == "DELETE") as cancelled:
        paint(page)
    assert "/v1/jobs/" in cancelled.value.url
    expect(page.get_by_role("button", name="Paint the clip")).to_be_visible()
    assert len(keys) == BREAKS + 1
    assert len(set(keys)) == 1


def test_a_picture_that_moves_is_a_clip_and_one_that_does_not_is_a_photo(page: Page) -> None:
    dropped(page, "still.gif", encoded(photo(), "GIF"), "image/gif")
    expect(page.locator("#before")).to_have_attribute("alt", "Your photo")
    expect(page.locator("#clip")).to_be_hidden()
    for kind in ("webp", "png", "avif", "gif"):
        give(page, f"dance.{kind}", animated(4, format=kind.upper()), f"image/{kind}")
        expect(page.locator("#clip-format")).to_have_value(kind)
    paint(page)
    expect(page.locator("#screen img")).to_be_visible()
    expect(page.locator("#clip-state")).to_have_text("Painted: 4 frames.")
    dropped(page, "photo.png", encoded(photo()), "image/png")  # takes its place
    expect(page.locator("#clip")).to_be_hidden()
    expect(page.locator("#viewport")).to_be_visible()


def test_what_only_the_service_may_read_is_sent_and_its_words_are_shown(page: Page) -> None:
    give(page, "film.mkv", b"no film", "")
    assert "This browser cannot show it" in state(page)
    paint(page)
    expect(page.locator("#clip-error")).to_contain_text("The film is no film, or a broken one")
    expect(page.get_by_role("button", name="Paint the clip")).to_be_focused()


def test_the_code_is_that_of_the_clip(page: Page) -> None:
    give(page, "my film.mp4", filmed(2))
    page.get_by_role("slider", name="Strength").fill("80")
    page.get_by_label("Follow what moves").check()
    page.get_by_label("Write it as").select_option("webm")
    page.get_by_role("button", name="Code").click()
    snippet = page.locator("#snippet")
    for words in ("-F 'video=@my film.mp4'", "-F flow=true", "-F format=webm", "/v1/videos"):
        expect(snippet).to_contain_text(words)
    command = "impasto video .my film.mp4. --style .* --strength 0.8 --flow -o painted.webm"
    expect(snippet).to_contain_text(re.compile(command))
    page.get_by_role("tab", name="Python").click()
    expect(snippet).to_contain_text("flow=True")
    compile(snippet.inner_text(), "snippet", "exec")
    page.get_by_role("tab", name="JavaScript").click()
    expect(snippet).to_contain_text("v1/jobs/")
    page.get_by_role("button", name="Leave the clip").click()
    expect(snippet).to_contain_text("v1/stylize")
    page.get_by_role("button", name="Code").click()
    page.get_by_role("slider", name="Strength").fill("100")


def test_with_a_key_all_of_it_is_fetched_before_it_is_played(page: Page) -> None:
    page.evaluate("sessionStorage.setItem('impasto-key', 'any')")
    open_page(page)
    give(page, "film.webm", filmed(2), "video/webm")
    paint(page)
    expect(page.locator("#screen video")).to_have_attribute("src", re.compile("^blob:"))
    expect(page.get_by_role("link", name="Download the clip")).to_have_attribute("href", re.compile("^blob:"))
    page.evaluate("sessionStorage.clear()")
    page.get_by_role("button", name="Leave the clip").click()
    open_page(page)


def test_a_service_that_paints_none_says_what_its_operator_must_set(page: Page) -> None:
    def without(route: Route) -> None:
        info = route.fetch().json()
        route.fulfill(body=json.dumps({**info, "video": None}), content_type="application/json")

    page.route("**/v1/info", without)
    open_page(page)
    dropped(page, "film.mp4", filmed(2), "video/mp4")
    expect(page.locator("#photo-error")).to_contain_text("IMPASTO_VIDEOS=true")
    dropped(page, "dance.gif", animated(), "image/gif")
    expect(page.locator("#toast")).to_contain_text("IMPASTO_VIDEOS=true")
    expect(page.locator("#before")).to_have_attribute("alt", "dance.gif, its first frame")
    expect(page.locator("#clip")).to_be_hidden()
    page.unroute("**/v1/info")
    open_page(page)


@pytest.mark.parametrize("painted", [False, True])
def test_there_are_no_barriers(page: Page, painted: bool, assert_accessible: Callable[[], None]) -> None:
    give(page, "film.mp4", filmed(2))
    if painted:
        paint(page)
        expect(page.locator("#screen video")).to_be_visible()
    assert_accessible()
