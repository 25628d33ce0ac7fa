"""The camera on the page: that of Chromium's, which films a figure that turns."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Response, Route, expect

from impasto.app.page import PageFiles
from impasto.model.network.checkpoint import Checkpoint, save
from tests.app.test_server import serving
from tests.pictures import encoded, photo
from tests.web.test_device import NO_CARD

PAINTED = encoded(photo(height=72, width=128), "JPEG")
REGION = '{"rectangle":{"from":[0,0],"to":[0.5,1]},"weights":{"great-wave":1}}'
STREAMS = """
  const open = MediaDevices.prototype.getUserMedia;
  globalThis.tracks = [];
  MediaDevices.prototype.getUserMedia = async function (wanted) {
    const stream = await open.call(this, wanted);
    tracks.push(...stream.getTracks());
    return stream;
  };
"""
"""Keeps what the page was given, to see that it gives it back."""
QUICK_AT_LAST = 90_000
"""Milliseconds until frames are as large as can be: beside other tests, a machine is quick now and then only."""
FACTS = re.compile(r"^(\d+) × \d+, (\d+) frames? a second$")


@pytest.fixture(scope="module")
def url(tiny_checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("camera")
    save(tiny_checkpoint, folder / "tiny.safetensors")
    with serving(folder / "tiny.safetensors", data_dir=folder) as url:
        yield url


@pytest.fixture(scope="module")
def context(browser: Browser, url: str) -> Iterator[BrowserContext]:
    with browser.new_context(base_url=url, permissions=["camera"]) as context:
        context.add_init_script(STREAMS)
        yield context


@pytest.fixture(scope="module")
def opened(context: BrowserContext) -> Iterator[Page]:
    faults: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda each: faults.append(each.text) if each.type in ("error", "warning") else None)
    open_page(page)
    yield page
    expected = "status of 429", NO_CARD
    assert [fault for fault in faults if not any(each in fault for each in expected)] == []


@pytest.fixture
def page(opened: Page) -> Iterator[Page]:
    """The page of a visitor who lets it have the camera; it is off before and after each test."""
    yield opened
    opened.unroute_all(behavior="ignoreErrors")
    if opened.locator("#live").is_visible():
        opened.keyboard.press("Escape")
    expect(opened.locator("#viewport")).to_have_attribute("data-shown", "whole")


def open_page(page: Page) -> None:
    page.goto("/")
    expect(page.locator("#viewport")).to_have_attribute("data-shown", "whole")


def switch_on(page: Page) -> None:
    page.get_by_role("button", name="Camera", exact=True).click()
    expect(page.locator("#viewport")).to_have_attribute("data-shown", "frame")


def running(page: Page) -> list[str]:
    return list(page.evaluate("tracks.map(({ readyState }) => readyState)"))


def is_frame(request: Request) -> bool:
    return request.url.endswith("/v1/stylize") and request.headers.get("accept") == "image/jpeg"


@contextmanager
def frames(page: Page) -> Iterator[list[Request]]:
    """What is sent to be painted meanwhile; fails for two pictures that are on their way at once."""
    sent, underway, met = list[Request](), set[Request](), list[Request]()

    def went(request: Request) -> None:
        if request.url.endswith("/v1/stylize"):
            met.extend(underway)
            underway.add(request)
            sent.append(request)

    def came(request: Request) -> None:
        underway.discard(request)

    page.on("request", went)
    page.on("requestfinished", came)
    page.on("requestfailed", came)
    yield sent
    page.remove_listener("request", went)
    page.remove_listener("requestfinished", came)
    page.remove_listener("requestfailed", came)
    assert met == []


def wait_until(page: Page, condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not happen")


def is_mirrored(page: Page) -> bool | None:
    """Whether what is shown of the camera is: above to the left of its figure stands the time, and nothing opposite."""
    left, right = page.locator("#before").evaluate(
        """(shown) => {
          const context = new OffscreenCanvas(256, 144).getContext("2d", { willReadFrequently: true });
          context.drawImage(shown, 0, 0, 256, 144);
          const contrast = (x) => {
            const greens = context.getImageData(x, 3, 28, 7).data.filter((_, place) => place % 4 === 1);
            return Math.max(...greens) - Math.min(...greens);
          };
          return [contrast(18), contrast(210)];
        }"""
    )
    return None if abs(left - right) < 20 else bool(left < right)


def test_one_frame_after_the_other_is_painted_as_it_is_chosen(page: Page) -> None:
    page.evaluate("() => { location.hash = 'style=the-scream&style=great-wave'; }")
    switch_on(page)
    with frames(page) as sent:
        wait_until(page, lambda: len(sent) > 5)
        with page.expect_response(lambda response: '"great-wave": 0.9' in response.headers.get("x-style-weights", "")):
            page.get_by_role("slider", name="Blend", exact=True).fill("90")
        expect(page.locator("#label-facts")).to_have_text(FACTS)
    assert {request.headers.get("cache-control") for request in sent} == {"no-store"}
    expect(page.locator("#after")).to_have_attribute("alt", re.compile("^What the camera sees, painted: 10.%"))


def test_with_regions_it_is_no_mirror_because_they_lie_in_the_photo(page: Page) -> None:
    switch_on(page)
    wait_until(page, lambda: is_mirrored(page) is True)
    page.evaluate("(hash) => { location.hash = hash; }", f"style=the-scream&region={REGION}")
    wait_until(page, lambda: is_mirrored(page) is False)
    page.evaluate("() => { location.hash = 'style=the-scream'; }")


def test_the_small_network_paints_frames_and_the_large_one_pictures(page: Page, tiny_checkpoint: Checkpoint) -> None:
    def painter(response: Response) -> str | None:
        return response.headers.get("x-model-version")

    with page.expect_response("**/v1/stylize") as frame:
        switch_on(page)
    assert painter(frame.value) == tiny_checkpoint.of("small").network_id
    with page.expect_response(lambda response: painter(response) == tiny_checkpoint.network_id):
        page.keyboard.press("Escape")


@pytest.mark.parametrize(
    ("fixed", "each", "side"),
    [
        (20, 0, 1024),
        (70, 0, 1024),  # far away, but quick
        (10, 80 / 512**2, 512),
        (10, 80 / 400**2, 384),
        (10, 60 / 256**2, 256),
        (0, 75 / 128**2, 128),
        (150, 0, 128),
        (5, 900 / 256**2, 128),
    ],
)
def test_the_largest_size_with_ten_frames_a_second_is_found_and_kept(
    page: Page, fixed: float, each: float, side: int
) -> None:
    sides = page.evaluate(
        """async ([fixed, each]) => {
          const { Pace, sidesBetween } = await import("/camera/pace.js");
          const pace = new Pace(sidesBetween(57, Infinity));
          const sides = [];
          for (let frame = 0; frame < 3000; frame += 1) {
            const noise = frame % 7 === 3 ? 60 : (frame * 37) % 10;
            pace.took(fixed + each * pace.side ** 2 + noise);
            sides.push(pace.side);
          }
          return sides;
        }""",
        [fixed, each],
    )
    assert sides.count(side) > 0.95 * len(sides)
    assert sum(one != other for one, other in pairwise(sides)) <= 20


def test_sizes_are_within_what_service_and_camera_allow(page: Page) -> None:
    between = "async (bounds) => (await import('/camera/pace.js')).sidesBetween(...bounds)"
    assert page.evaluate(between, [150, 400]) == [192, 256, 320, 384]
    assert page.evaluate(between, [32, 100]) == [100]
    assert page.evaluate(between, [1100, 2000]) == [1100]


def test_frames_are_smaller_where_painting_is_slow_and_larger_where_it_is_quick(page: Page) -> None:
    took = 0.15

    def answer(route: Route) -> None:
        time.sleep(took)
        route.fulfill(body=PAINTED, content_type="image/jpeg")

    page.route("**/v1/stylize", answer)
    switch_on(page)
    facts = page.locator("#label-facts")
    expect(facts).to_have_text(re.compile("^128 × "), timeout=QUICK_AT_LAST)
    took = 0
    expect(facts).to_have_text(re.compile(r"^(192|[2-9]\d\d|1024) × "), timeout=QUICK_AT_LAST)
    page.locator("#camera-off").click()


@pytest.mark.parametrize("leave", ["Escape", "Stop"])
def test_stopping_leaves_all_as_it_was_and_gives_the_camera_back(page: Page, leave: str) -> None:
    switch_on(page)
    expect(page.get_by_role("button", name="Take the photo")).to_be_focused()
    expect(page.locator("#download")).to_be_hidden()
    if leave == "Escape":
        page.keyboard.press("Escape")
    else:
        page.get_by_role("button", name="Stop").click()
    expect(page.locator("#viewport")).to_have_attribute("data-shown", "whole")
    expect(page.locator("#after")).to_have_attribute("alt", re.compile("^Chelsea, a cat, painted"))
    expect(page.get_by_role("button", name="Camera", exact=True)).to_be_focused()
    assert set(running(page)) == {"ended"}


def test_a_frame_that_nobody_wants_any_more_is_given_up(page: Page) -> None:
    page.route("**/v1/stylize", lambda route: None)
    with page.expect_request(is_frame):
        page.get_by_role("button", name="Camera", exact=True).click()
    with page.expect_event("requestfailed", is_frame):
        page.keyboard.press("Escape")


def test_it_pauses_while_nobody_can_see_it(page: Page) -> None:
    switch_on(page)
    seen = """(hidden) => {
      Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(seen, True)
    assert set(running(page)) == {"ended"}
    with frames(page) as sent:
        page.wait_for_timeout(300)
        assert sent == []
        page.evaluate(seen, False)
        wait_until(page, lambda: len(sent) > 2)
    assert running(page).count("live") == 1


def test_a_dropped_photo_takes_its_place(page: Page) -> None:
    switch_on(page)
    page.set_input_files("#photo-file", {"name": "a.png", "mimeType": "image/png", "buffer": encoded(photo())})
    expect(page.locator("#after")).to_have_attribute("alt", re.compile("^Your photo, painted"))
    expect(page.locator("#live")).to_be_hidden()
    assert set(running(page)) == {"ended"}


def test_there_may_be_another_camera(page: Page) -> None:
    switch_on(page)
    opened = len(running(page))  # others before it, by tests before this one
    page.get_by_role("button", name="Other camera").click()
    wait_until(page, lambda: running(page)[opened - 1 :] == ["ended", "live"])
    one, other = page.evaluate("tracks.slice(-2).map((track) => track.getSettings().deviceId)")
    assert one != other


def test_where_nothing_is_chosen_it_is_shown_and_nothing_is_sent(page: Page) -> None:
    chosen = page.locator("#chosen .remove")
    while chosen.count():
        chosen.first.click()
    switch_on(page)
    with frames(page) as sent:
        expect(page.locator("#label-facts")).to_have_text(FACTS)
    assert sent == []
    expect(page.locator("#label-title")).to_have_text("What the camera sees")
    page.locator(".card .pick").first.click()
    with frames(page) as sent:
        wait_until(page, lambda: len(sent) > 1)


def test_a_busy_service_is_given_time_and_it_says_so(page: Page) -> None:
    refusal = {"code": "rate_exceeded", "detail": "too much"}
    page.route("**/v1/stylize", lambda route: route.fulfill(status=429, json=refusal, headers={"Retry-After": "1"}))
    page.get_by_role("button", name="Camera", exact=True).click()
    expect(page.locator("#label-facts")).to_have_text("The service has much to do; the next frame in 1 s.")
    page.unroute("**/v1/stylize")
    expect(page.locator("#label-facts")).to_have_text(FACTS)


def test_a_camera_that_is_unplugged_is_said(page: Page) -> None:
    switch_on(page)
    page.evaluate("tracks.at(-1).dispatchEvent(new Event('ended'))")
    expect(page.locator("#photo-error")).to_contain_text("The camera is gone")
    expect(page.locator("#live")).to_be_hidden()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("NotFoundError", "No camera was found"),
        ("NotReadableError", "The camera does not start; close what else uses it"),
        ("NotAllowedError", "This page may not use the camera; allow it"),
    ],
)
def test_why_there_is_no_camera_is_said(page: Page, name: str, words: str) -> None:
    page.evaluate(
        """(name) => {
          navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("", name); };
        }""",
        name,
    )
    page.get_by_role("button", name="Camera", exact=True).click()
    expect(page.locator("#photo-error")).to_contain_text(words)
    expect(page.locator("#live")).to_be_hidden()
    page.evaluate("delete navigator.mediaDevices.getUserMedia")
    switch_on(page)
    expect(page.locator("#photo-error")).to_be_hidden()


def test_who_denies_it_is_told_how_to_allow_it(browser: Browser, url: str) -> None:
    with browser.new_context(base_url=url) as context:
        page = context.new_page()
        open_page(page)
        page.get_by_role("button", name="Camera", exact=True).click()
        expect(page.locator("#photo-error")).to_contain_text("This page may not use the camera")


def test_where_pages_have_no_camera_phones_have_theirs(browser: Browser, url: str) -> None:
    with browser.new_context(base_url=url, has_touch=True, is_mobile=True) as context:
        context.add_init_script("delete Navigator.prototype.mediaDevices;")
        page = context.new_page()
        open_page(page)
        expect(page.get_by_role("button", name="Take a photo")).to_be_visible()
        expect(page.get_by_role("button", name="Camera", exact=True)).to_be_hidden()


def test_there_are_no_barriers(page: Page, assert_accessible: Callable[[], None]) -> None:
    switch_on(page)
    assert_accessible()


@pytest.mark.skipif(PageFiles.read().runtime is None, reason="ONNX Runtime Web is not there (make device)")
def test_this_device_paints_it_too(page: Page) -> None:
    page.get_by_label("Paint on this device").check()
    expect(page.locator("#label-facts")).to_contain_text("on this device")
    switch_on(page)
    with frames(page) as sent:
        expect(page.locator("#label-facts")).to_have_text(
            re.compile(r"^\d+ × \d+ on this device, \d+ frames? a second$")
        )
    assert sent == []
    page.get_by_label("Paint on this device").uncheck()


@pytest.mark.parametrize("by", ["the camera", "its stream"])
def test_the_photo_is_taken_at_full_size_and_is_then_a_file_like_any_other(page: Page, by: str) -> None:
    page.evaluate("(gone) => { if (gone) globalThis.ImageCapture = undefined; }", by == "its stream")
    switch_on(page)
    wait_until(page, lambda: is_mirrored(page) is True)
    page.get_by_role("button", name="Take the photo").click()
    expect(page.locator("#label-facts")).to_contain_text("1920 × 1080, painted in")
    expect(page.locator("#before")).to_have_attribute("alt", "Your photo")
    expect(page.locator("#live")).to_be_hidden()
    expect(page.locator("#actions")).to_be_visible()
    assert is_mirrored(page) is (False if by == "its stream" else None)  # the camera's own has no time
    assert set(running(page)) == {"ended"}
