"""What a user does at `/`, done by a real browser."""

from __future__ import annotations

import base64
import re
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx2
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, Request, Response, Route, expect

from impasto.model.painting.recipe import Recipe
from impasto.model.pictures.images import decode
from tests.pictures import encoded, opened
from tests.test_examples import example
from tests.web.conftest import PHONE, Service

PHOTOS = Path(__file__).parents[2] / "model" / "fitting" / "photos"
PHOTO = PHOTOS / "coffee.jpg"
NIGHT, KISS, WAVE, SCREAM = "van-gogh-starry-night", "klimt-the-kiss", "hokusai-great-wave", "munch-the-scream"

Shoot = Callable[[str], None]


def choose_photo(page: Page) -> None:
    page.set_input_files("#photo-file", PHOTO)


def card(page: Page, style_id: str) -> Locator:
    return page.locator(f'.card[data-id="{style_id}"] .pick')


def wait_painted(page: Page) -> None:
    expect(page.locator("#stage")).to_have_attribute("aria-busy", "false")
    expect(page.locator("#viewport")).to_have_attribute("data-shown", "whole")


def open_link(page: Page, link: str) -> None:
    """Open a link, and wait until what is on the easel is painted so."""
    painted(page, lambda: page.evaluate("(hash) => { location.hash = hash; }", link))


def painted(page: Page, action: Callable[[], object]) -> Response:
    """The service's answer with the whole picture that an action asks for, when it is on the easel."""
    with page.expect_response(is_whole) as found:
        action()
    assert found.value.status == 200
    wait_painted(page)
    return found.value


def is_whole(response: Response) -> bool:
    return response.url.endswith("/v1/stylize") and not is_draft(response)


def is_draft(response: Response) -> bool:
    """The page asks for the format of drafts alone."""
    return response.request.headers.get("accept") in ("image/jpeg", "image/webp")


def weights(response: Response) -> dict[str, float]:
    return dict(httpx2.Response(200, text=response.headers["x-style-weights"]).json())


def dropped(page: Page, name: str, data: bytes, kind: str, *, paste: bool = False) -> None:
    """Drop a file on the page, or paste it."""
    page.evaluate(
        """([name, data, kind, paste]) => {
          const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
          const given = new DataTransfer();
          given.items.add(new File([bytes], name, { type: kind }));
          const target = document.querySelector("dialog[open]") ?? document.getElementById("stage");
          target.dispatchEvent(paste
            ? new ClipboardEvent("paste", { clipboardData: given, bubbles: true })
            : new DragEvent("drop", { dataTransfer: given, bubbles: true, cancelable: true }));
        }""",
        [name, base64.b64encode(data).decode(), kind, paste],
    )


def test_the_page_opens_with_an_example_painted_compared_and_blended(page: Page, screenshot: Shoot) -> None:
    expect(page.locator(".card")).to_have_count(32)
    expect(page.get_by_text("This is Chelsea. Drop your own photo anywhere.")).to_be_visible()
    expect(page.locator("#label-title")).to_have_text(re.compile("50.% Udnie .*, 50.% Street, Berlin"))
    expect(page.locator("#label-facts")).to_contain_text("451 × 300, painted in")
    expect(page.locator("#after")).to_have_attribute("alt", re.compile("^Chelsea, a cat, painted: 50.% Udnie"))
    expect(page.get_by_role("slider", name="Divider")).to_have_attribute("aria-valuenow", "30")
    expect(page.get_by_role("slider", name="Blend", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Another photo")).to_be_hidden()
    screenshot("opening")


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_photo_that_the_browser_turns_otherwise_is_compared_as_the_service_reads_it(
    page: Page, orientation: int, tmp_path: Path
) -> None:
    odd = struct.pack(">HHII", 0x0112, 4, 1, orientation)  # a long number, of which browsers make nothing
    exif = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">H", 1) + odd + bytes(4)
    (tmp_path / "odd.jpg").write_bytes(encoded(Image.open(PHOTO), "JPEG", quality=95, exif=exif))
    page.set_input_files("#photo-file", tmp_path / "odd.jpg")
    expect(page.locator("#before")).to_have_attribute("alt", "Your photo")
    width, height, *first = page.evaluate(
        """async () => {
          const shown = document.querySelector("#before");
          await shown.decode();
          const context = new OffscreenCanvas(shown.naturalWidth, shown.naturalHeight).getContext("2d");
          context.drawImage(shown, 0, 0);
          return [shown.naturalWidth, shown.naturalHeight, ...context.getImageData(0, 0, 1, 1).data];
        }"""
    )
    read = decode((tmp_path / "odd.jpg").read_bytes())
    assert (width, height) == read.size
    assert np.abs(np.array(first[:3]) - read.pixels[0, 0].numpy()).max() < 8


def test_the_example_goes_when_a_photo_comes(page: Page) -> None:
    painted(page, lambda: choose_photo(page))
    expect(page.get_by_text("This is Chelsea.")).to_be_hidden()
    expect(page.locator("#after")).to_have_attribute("alt", re.compile("^Your photo, painted: "))
    expect(page.get_by_role("button", name="Another photo")).to_be_visible()


def test_the_example_is_painted_as_a_link_says(page: Page) -> None:
    page.goto(f"/#style={NIGHT}&strength=0.8&stroke=2")
    assert weights(painted(page, page.reload)) == {NIGHT: 1.0}
    expect(page.get_by_text("This is Chelsea.")).to_be_visible()
    expect(page.get_by_label("Stroke")).to_have_attribute("aria-valuetext", "2\u00a0×")


def test_the_example_is_seen_before_the_service_is_ready_and_painted_when_it_is(
    page: Page, expected_errors: list[str]
) -> None:
    expected_errors.append("status of 503")
    starting = {"code": "not_ready", "detail": "the service is starting", "status": 503}
    page.route(
        "**/v1/info", lambda route: route.fulfill(status=503, json=starting, headers={"Retry-After": "1"}), times=1
    )
    page.reload()
    expect(page.locator("#connection")).to_have_text("The service is busy. Trying again in 1 s.")
    assert page.locator("#after").evaluate("(image) => image.naturalWidth") == 451
    box, stage = page.locator("#canvas").bounding_box(), page.locator("#stage").bounding_box()
    assert box and stage and box["width"] / box["height"] == pytest.approx(451 / 300, rel=0.01)
    expect(page.locator("#actions")).to_be_hidden()
    wait_painted(page)
    expect(page.locator("#actions")).to_be_visible()


def test_styles_that_cannot_be_loaded_are_explained_and_the_example_stays(
    page: Page, expected_errors: list[str]
) -> None:
    expected_errors.append("status of 500")
    page.route("**/v1/styles", lambda route: route.fulfill(status=500, json={"code": "x", "detail": "a fault"}))
    page.reload()
    expect(page.locator("#gallery-error")).to_have_text("A fault.")
    expect(page.locator("#after")).to_be_visible()
    expect(page.get_by_text("This is Chelsea.")).to_be_visible()


def test_a_chosen_photo_is_painted_at_once(page: Page, screenshot: Shoot) -> None:
    response = painted(page, lambda: choose_photo(page))
    assert len(weights(response)) == 2
    expect(page.locator("#label-facts")).to_contain_text(re.compile(r"\d+ × \d+, painted in"))
    assert page.locator("#after").evaluate("(image) => image.naturalWidth") == opened(PHOTO.read_bytes()).width
    response = painted(page, lambda: page.get_by_role("button", name="Only The Starry Night").click())
    assert weights(response) == {NIGHT: 1.0}
    screenshot("one-style")


@pytest.mark.parametrize("paste", [False, True], ids=["dropped", "pasted"])
def test_a_photo_that_is_dropped_or_pasted_is_painted(page: Page, paste: bool) -> None:
    painted(page, lambda: dropped(page, "photo.jpg", PHOTO.read_bytes(), "image/jpeg", paste=paste))


def test_a_photo_that_only_the_service_reads_is_painted_and_compared(page: Page) -> None:
    tiff = encoded(opened(PHOTO.read_bytes()).resize((96, 64)), "TIFF")
    painted(page, lambda: dropped(page, "scan.tif", tiff, "image/tiff"))
    assert page.locator("#before").evaluate("(image) => image.naturalWidth") == 96


def test_a_file_that_is_no_picture_is_explained_where_it_was_dropped(
    page: Page, expected_errors: list[str], screenshot: Shoot
) -> None:
    expected_errors.append("status of 400")
    dropped(page, "notes.txt", b"not a picture", "text/plain")
    expect(page.locator("#photo-error")).to_have_text(re.compile("^The data is no picture; send one of JPEG"))
    screenshot("bad-file")
    painted(page, lambda: choose_photo(page))
    expect(page.locator("#photo-error")).to_be_hidden()


def test_two_styles_blend_by_a_slider_in_drafts_while_it_moves_and_whole_on_release(
    page: Page, screenshot: Shoot
) -> None:
    open_link(page, f"style={NIGHT}")
    painted(page, lambda: choose_photo(page))
    response = painted(page, card(page, KISS).click)
    assert weights(response) == {NIGHT: 0.5, KISS: 0.5}
    slider = page.get_by_role("slider", name="Blend", exact=True)
    slider.scroll_into_view_if_needed()
    expect(slider).to_have_attribute("aria-valuetext", re.compile("50.% The Starry Night, 50.% The Kiss"))
    box = slider.bounding_box()
    assert box
    answers: list[Response] = []
    page.on("response", lambda response: answers.append(response) if response.url.endswith("/v1/stylize") else None)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    for turn in range(100):  # whoever rests gets the whole picture, however slow the machine's drafts are
        page.mouse.move(box["x"] + (0.4 + turn % 2 / 20) * box["width"], box["y"] + box["height"] / 2, steps=4)
        page.wait_for_timeout(200)
        if any(map(is_draft, answers)):
            break
    expect(page.locator("#viewport")).to_have_attribute("data-shown", "draft")
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + box["height"] / 2, steps=4)
    response = painted(page, page.mouse.up)
    assert weights(response)[NIGHT] == pytest.approx(0.75, abs=0.03)
    assert any(map(is_draft, answers)) and is_whole(answers[-1])
    assert f"weight={weights(response)[NIGHT]:g}" in page.url
    screenshot("slider")


def test_four_styles_blend_in_a_square_by_hand_and_by_key(page: Page, screenshot: Shoot) -> None:
    open_link(page, f"style={NIGHT}&style={KISS}&style={WAVE}")
    painted(page, lambda: choose_photo(page))
    response = painted(page, card(page, SCREAM).click)
    assert set(weights(response).values()) == {0.25}
    expect(page.locator(".mosaic img")).to_have_count(16)
    page.locator("#square").scroll_into_view_if_needed()
    box = page.locator("#square").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2, steps=3)
    response = painted(page, page.mouse.up)
    assert list(weights(response).values()) == pytest.approx([0.375, 0.125, 0.375, 0.125], abs=0.02)
    response = painted(page, lambda: page.get_by_role("slider", name="Blend of the corners").press("Shift+ArrowUp"))
    assert list(weights(response).values()) == pytest.approx([0.45, 0.15, 0.3, 0.1], abs=0.02)
    card(page, "klee-senecio").click()
    expect(page.locator("#toast")).to_contain_text("Four styles are the most")
    screenshot("square")


def test_strength_colours_and_size_are_painted(page: Page) -> None:
    painted(page, lambda: choose_photo(page))
    painted(page, lambda: page.get_by_label("Keep the photo's colours").check())
    assert "preserve_color=true" in page.url
    painted(page, lambda: page.get_by_label("Longest side").select_option("256"))
    assert page.locator("#after").evaluate("(image) => image.naturalWidth") == 256
    expect(page.locator("#label-facts")).to_contain_text("256 × ")
    painted(page, lambda: page.get_by_label("Strength").press("Home"))
    assert "strength=0&" in page.url


def test_strokes_are_changed_by_key_in_even_steps_with_1_in_the_middle(page: Page) -> None:
    slider = page.get_by_label("Stroke")
    expect(page.get_by_text("Size of the strokes relative to the picture, whatever its resolution.")).to_be_visible()
    expect(page.locator("#stroke-value")).to_have_text("1\u00a0×")
    assert "stroke" not in page.url
    painted(page, lambda: slider.press("ArrowRight"))
    expect(slider).to_have_attribute("aria-valuetext", "1.1\u00a0×")
    assert "stroke=1.1" in page.url
    for key, stroke in (("End", "4"), ("Home", "0.25")):
        painted(page, lambda: slider.press(key))  # noqa: B023 - called at once
        assert page.url.endswith(f"stroke={stroke}")
        expect(page.locator("#stroke-value")).to_have_text(f"{stroke}\u00a0×")
    for octave in ("0.5", "1"):
        for _ in range(8):
            slider.press("ArrowRight")
        expect(page.locator("#stroke-value")).to_have_text(f"{octave}\u00a0×")
    wait_painted(page)
    expect(page).not_to_have_url(re.compile("stroke"))


@pytest.mark.parametrize(
    ("milliseconds", "sides"), [(50, {"2": 512, "0.8": 640, "0.5": 900}), (5000, {"2": 512, "0.5": 512})]
)
def test_drafts_are_so_large_that_strokes_are_in_them_what_they_are_in_the_whole_if_that_is_fast(
    page: Page, milliseconds: int, sides: dict[str, int]
) -> None:
    def told(route: Route) -> None:
        answer = route.fetch(max_retries=3)  # where a kept connection had just been closed
        route.fulfill(response=answer, headers={**answer.headers, "Server-Timing": f"inference;dur={milliseconds}"})

    painted(page, lambda: choose_photo(page))
    page.route("**/v1/stylize", told)
    for stroke, side in sides.items():
        open_link(page, f"style={NIGHT}&stroke={stroke}&size=900")
        seen = page.get_by_label("Strength").evaluate(  # dragged until there is one
            """async (slider) => {
              for (let turn = 0; turn < 150; turn += 1) {
                slider.value = 80 + (turn % 2);
                slider.dispatchEvent(new Event("input"));
                await new Promise((resolve) => setTimeout(resolve, 200));
                if (document.getElementById("viewport").dataset.shown === "draft") break;
              }
              const image = document.getElementById("after");
              await image.decode();
              return Math.max(image.naturalWidth, image.naturalHeight);
            }"""
        )
        assert seen == side
        wait_painted(page)


@pytest.mark.parametrize(
    ("asked", "stroke", "shown"),
    [("2", "2", "2"), ("1.7", "1.7", "1.7"), ("native", "native", "native"), ("100", "4", "4"), ("big", None, "1")],
)
def test_a_link_gives_the_stroke(page: Page, asked: str, stroke: str | None, shown: str) -> None:
    open_link(page, f"style={NIGHT}&stroke={asked}&size=64")
    expect(page.locator("#stroke-value")).to_have_text(re.compile(f"^{shown}(\u00a0×)?$"))
    page.get_by_role("button", name="Code").click()
    for language in ("curl", "Python", "JavaScript"):
        page.get_by_role("tab", name=language).click()
        snippet = page.locator("#snippet").inner_text()
        assert ("stroke" in snippet) == (stroke is not None)
        assert stroke is None or stroke in snippet
    assert stroke is None or f"stroke={stroke}" in page.url


def test_a_result_that_the_service_had_to_reduce_says_so(page: Page) -> None:
    def reduced(route: Route) -> None:
        answer = route.fetch(max_retries=3)  # where a kept connection had just been closed
        route.fulfill(response=answer, headers={**answer.headers, "X-Resized-From": "4000x3000"})

    page.route("**/v1/stylize", reduced)
    painted(page, lambda: choose_photo(page))
    expect(page.locator("#label-facts")).to_contain_text("reduced from 4000 × 3000: the service's limit")


def test_before_and_after_are_compared_zoomed_and_moved(page: Page, screenshot: Shoot) -> None:
    painted(page, lambda: choose_photo(page))
    divider = page.get_by_role("slider", name="Divider")
    box = page.locator("#viewport").bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2, steps=3)
    page.mouse.up()
    expect(divider).to_have_attribute("aria-valuenow", "25")
    divider.press("Shift+ArrowRight")
    expect(divider).to_have_attribute("aria-valuenow", "35")
    screenshot("compare")
    page.get_by_role("button", name="Compare").click()
    expect(divider).to_be_hidden()

    page.get_by_role("button", name="1 : 1").click()
    expect(page.locator("#zoom-level")).to_have_text("100 %")
    for _ in range(8):
        page.get_by_role("button", name="Zoom in").click()
    expect(page.locator("#zoom-level")).to_have_text("1600 %")
    assert page.locator("#after").evaluate("(image) => getComputedStyle(image).imageRendering") == "pixelated"
    place = "(canvas) => canvas.style.transform"
    at = page.locator("#canvas").evaluate(place)
    page.mouse.move(box["x"] + 50, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 90, box["y"] + 70, steps=3)
    page.mouse.up()
    assert page.locator("#canvas").evaluate(place) != at
    screenshot("pixels")
    page.get_by_role("button", name="Fit").click()
    expect(page.get_by_role("button", name="Fit")).to_be_disabled()


@pytest.mark.parametrize(("format", "suffix"), [("jpeg", "jpg"), ("png", "png"), ("webp", "webp")])
def test_a_download_is_what_the_copied_code_paints(page: Page, tmp_path: Path, format: str, suffix: str) -> None:
    open_link(page, f"style={NIGHT}&style={KISS}&weight=0.3&size=200&strength=0.8&stroke=2")
    painted(page, lambda: choose_photo(page))
    page.get_by_label("Format").select_option(format)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download", exact=True).click()
    file = download.value.path().read_bytes()
    assert download.value.suggested_filename == f"coffee-{NIGHT}-{KISS}.{suffix}"
    assert opened(file).format == format.upper()
    assert Recipe.of(file).stroke == 2
    page.get_by_role("button", name="Code").click()
    (tmp_path / PHOTO.name).write_bytes(PHOTO.read_bytes())
    for language, program in (("curl", ["bash", "-c"]), ("Python", [sys.executable, "-c"])):
        page.get_by_role("tab", name=language).click()
        subprocess.run([*program, page.locator("#snippet").inner_text()], cwd=tmp_path, check=True)
        assert (tmp_path / f"painted.{suffix}").read_bytes() == file
        (tmp_path / f"painted.{suffix}").unlink()
    page.get_by_role("tab", name="JavaScript").click()
    painting = page.evaluate(
        f"""async (photo) => {{
          const file = new Blob([Uint8Array.from(atob(photo), (letter) => letter.charCodeAt(0))]);
          {page.locator("#snippet").inner_text()}
          return btoa(String.fromCharCode(...new Uint8Array(await painting.arrayBuffer())));
        }}""",
        base64.b64encode(PHOTO.read_bytes()).decode(),
    )
    assert base64.b64decode(painting) == file


def test_the_code_is_shown_in_three_languages_and_copied(page: Page, screenshot: Shoot) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_link(page, f"style={NIGHT}&style={KISS}&weight=0.3")
    painted(page, lambda: choose_photo(page))
    page.get_by_role("button", name="Code").click()
    page.get_by_role("tab", name="Python").click()
    compile(page.locator("#snippet").inner_text(), "snippet", "exec")
    page.get_by_role("tab", name="Python").press("ArrowRight")
    snippet = page.locator("#snippet").inner_text()
    assert 'form.append("weight", "0.3");\nform.append("weight", "0.7");' in snippet
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.locator("#toast")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == snippet
    screenshot("code")


def test_a_link_reopens_the_same_styles_and_weights(page: Page) -> None:
    link = f"style={NIGHT}&style={KISS}&style={WAVE}&weight=0.42&weight=0.18&weight=0.4&strength=0.7&size=256"
    page.goto(f"/#{link}")
    page.reload()
    expect(page.locator(".chosen-weight").first).to_have_text(re.compile("42.%"))
    response = painted(page, lambda: choose_photo(page))
    assert weights(response) == {NIGHT: 0.42, KISS: 0.18, WAVE: 0.4}
    assert page.url.endswith(link)


def test_a_browser_that_lets_the_address_change_no_more_paints_on_and_the_link_follows(page: Page) -> None:
    page.evaluate(
        """() => {
          const replace = history.replaceState.bind(history);
          const allowed = performance.now() + 1500;
          history.replaceState = (...asked) => {
            if (performance.now() < allowed) throw new DOMException("too often", "SecurityError");
            replace(...asked);
          };
        }"""
    )
    painted(page, lambda: card(page, NIGHT).click())
    expect(page).to_have_url(re.compile(f"style={NIGHT}"))


def test_a_link_to_a_style_that_is_not_here_says_so(page: Page) -> None:
    open_link(page, f"style=gone&style={NIGHT}")
    expect(page.locator("#toast")).to_have_text("This service does not have the style gone.")
    expect(page.locator("#chosen li")).to_have_count(1)


def test_a_link_to_a_painting_that_was_given_along_says_what_paints_so(page: Page) -> None:
    open_link(page, f"style=painting&style={NIGHT}&weight=0.5&weight=0.5")
    expect(page.locator("#toast")).to_contain_text("The link paints like a painting that was given along")
    expect(page.locator("#toast")).to_contain_text("impasto paint PHOTO --recipe FILE")
    expect(page.locator("#chosen li")).to_have_count(1)


def test_weights_of_a_link_that_are_none_are_not_taken_over(page: Page) -> None:
    open_link(page, "&".join(f"style={style}&weight=1" for style in (NIGHT, KISS, WAVE, SCREAM)))
    expect(page.locator("#toast")).to_contain_text("The link's weights cannot be set here")
    expect(page.locator(".chosen-weight")).to_have_text([re.compile("25.%")] * 4)


def test_a_photo_given_before_the_styles_are_there_is_painted_as_the_link_says(page: Page) -> None:
    held: list[Route] = []
    page.route("**/v1/styles", lambda route: held.append(route), times=1)  # noqa: PLW0108 - which takes no builtin
    page.goto(f"/#style={KISS}")
    with page.expect_request("**/v1/styles"):
        page.reload()
    choose_photo(page)
    page.evaluate(  # what takes longer than reading the photo
        """async () => {
          const canvas = new OffscreenCanvas(2048, 2048);
          canvas.getContext("2d").drawImage(await createImageBitmap(await (await fetch("cat.jpg")).blob()), 0, 0);
          await canvas.convertToBlob({ type: "image/webp" });
        }"""
    )
    assert weights(painted(page, held[0].continue_)) == {KISS: 1.0}


def test_a_panorama_is_painted_whole_in_drafts_and_in_the_square(page: Page) -> None:
    open_link(page, f"style={NIGHT}&style={KISS}&style={WAVE}")
    panorama = encoded(opened(PHOTO.read_bytes()).resize((1600, 50)), "PNG")
    painted(page, lambda: dropped(page, "panorama.png", panorama, "image/png"))
    expect(page.locator(".mosaic img")).to_have_count(16)
    page.locator("#handle").focus()
    with page.expect_response(is_draft) as draft:
        page.keyboard.down("ArrowLeft")
    assert draft.value.status == 200
    painted(page, lambda: page.keyboard.up("ArrowLeft"))


def test_a_small_picture_is_zoomed_out_to_its_own_pixels(page: Page) -> None:
    small = encoded(opened(PHOTO.read_bytes()).resize((96, 64)), "PNG")
    painted(page, lambda: dropped(page, "small.png", small, "image/png"))
    page.get_by_role("button", name="1 : 1").click()
    page.get_by_role("button", name="Zoom out").click()
    expect(page.locator("#zoom-level")).to_have_text("100 %")
    page.get_by_role("button", name="Zoom in").click()
    expect(page.locator("#zoom-level")).to_have_text("150 %")
    page.get_by_role("button", name="Zoom out").click()
    expect(page.locator("#zoom-level")).to_have_text("100 %")


def test_nine_weights_are_one_request_and_each_can_be_taken(page: Page, screenshot: Shoot) -> None:
    open_link(page, f"style={NIGHT}&style={KISS}")
    painted(page, lambda: choose_photo(page))
    with page.expect_request("**/v1/stylize/grid"):
        page.get_by_role("button", name="Nine weights").click()
    expect(page.locator("#strip img")).to_have_count(9)
    response = painted(page, lambda: page.get_by_role("button", name=re.compile("^75.% The Starry Night")).click())
    assert weights(response) == {NIGHT: 0.75, KISS: 0.25}
    screenshot("strip")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as one sheet").click()
    assert opened(download.value.path().read_bytes()).width > 9 * 256


def test_a_request_that_is_not_wanted_any_more_is_cancelled(page: Page) -> None:
    open_link(page, f"style={NIGHT}")
    painted(page, lambda: choose_photo(page))
    failed: list[Request] = []
    page.on("requestfailed", lambda request: failed.append(request))  # noqa: PLW0108 - which takes no builtin
    page.route("**/v1/stylize", lambda route: None, times=1)  # never answered
    with page.expect_request("**/v1/stylize"):
        card(page, KISS).click()
    response = painted(page, lambda: card(page, WAVE).click())
    assert len(weights(response)) == 3
    assert [request.failure for request in failed] == ["net::ERR_ABORTED"]


def test_a_busy_service_is_asked_again_when_it_says(page: Page, expected_errors: list[str]) -> None:
    expected_errors.append("status of 429")
    busy = {"code": "queue_full", "detail": "as many pictures as fit are waiting", "status": 429}
    page.route(
        "**/v1/stylize", lambda route: route.fulfill(status=429, json=busy, headers={"Retry-After": "1"}), times=1
    )
    choose_photo(page)
    expect(page.locator("#connection")).to_have_text("The service is busy. Trying again in 1 s.")
    wait_painted(page)
    expect(page.locator("#connection")).to_be_hidden()


def test_a_service_that_goes_away_is_waited_for(
    page: Page, service: Service, expected_errors: list[str], screenshot: Shoot
) -> None:
    expected_errors.append("net::ERR_")
    open_link(page, f"style={NIGHT}")
    painted(page, lambda: choose_photo(page))
    service.stop()
    card(page, KISS).click()
    expect(page.locator("#connection")).to_contain_text("The service does not answer.")
    expect(page.locator("#after")).to_be_visible()
    screenshot("away")
    service.start()
    expect(page.locator("#connection")).to_be_hidden()
    wait_painted(page)
    expect(page.locator("#label-facts")).to_have_text(re.compile("painted in"))


def tab_to(page: Page, selector: str, *, key: str = "Tab") -> None:
    for _ in range(200):
        page.keyboard.press(key)
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"no way by {key} to {selector}")


def test_everything_is_done_by_keyboard_alone(page: Page) -> None:
    tab_to(page, ".skip")
    tab_to(page, f'.card[data-id="{WAVE}"] .pick')
    response = painted(page, lambda: page.keyboard.press("Space"))
    assert len(weights(response)) == 3
    tab_to(page, ".remove", key="Shift+Tab")
    painted(page, lambda: page.keyboard.press("Enter"))
    tab_to(page, "#alpha", key="Shift+Tab")
    response = painted(page, lambda: page.keyboard.press("End"))
    assert list(weights(response).values()) == [0, 1]
    tab_to(page, "#stroke")
    painted(page, lambda: page.keyboard.press("ArrowRight"))
    tab_to(page, "#divider", key="Shift+Tab")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#divider")).to_have_attribute("aria-valuenow", "29")
    tab_to(page, "#viewport", key="Shift+Tab")
    page.keyboard.press("+")
    place = page.locator("#canvas").evaluate("(canvas) => canvas.style.transform")
    page.keyboard.press("ArrowRight")
    assert page.locator("#canvas").evaluate("(canvas) => canvas.style.transform") != place
    page.keyboard.press("0")
    expect(page.locator("#zoom-fit")).to_be_disabled()
    tab_to(page, "#download")
    with page.expect_download():
        page.keyboard.press("Enter")
    tab_to(page, ".remove")
    painted(page, lambda: page.keyboard.press("Enter"))
    expect(page.locator(".remove")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#styles")).to_be_focused()
    expect(page.locator("#download")).to_be_disabled()
    tab_to(page, "#open-add", key="Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#add")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#add")).to_be_hidden()


def test_the_first_load_is_under_150_kilobytes_without_pictures(page: Page) -> None:
    bytes_loaded = page.evaluate(
        """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
          .filter(({ name }) => !/preview|cat\\.jpg|stylize|^blob:/.test(name))
          .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)"""
    )
    print(f"first load: {bytes_loaded:,} bytes")
    assert 50_000 < bytes_loaded < 150_000


def test_previews_are_loaded_only_when_they_come_into_view_and_kept_by_etag(browser: Browser, base_url: str) -> None:
    phone = browser.new_page(viewport={"width": PHONE[0], "height": PHONE[1]})  # where the last are far away
    phone.goto(base_url)  # with nothing in its cache, from where the browser takes what is far away too
    phone.wait_for_load_state("networkidle")
    loaded = phone.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
    phone.close()
    assert 0 < len([address for address in loaded if "/preview" in address]) < 32
    answer = httpx2.get(f"{base_url}/v1/styles/{NIGHT}/preview", timeout=60)
    again = httpx2.get(f"{base_url}/v1/styles/{NIGHT}/preview", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_the_documents_example_for_browsers_paints(page: Page, base_url: str) -> None:
    code = example("JavaScript in a browser").replace("http://localhost:8000", base_url)
    size = page.evaluate(
        f"""async () => {{
          {code}
          const bitmap = await createImageBitmap(await paint(await (await fetch("cat.jpg")).blob()));
          return [bitmap.width, bitmap.height];
        }}"""
    )
    assert size == [451, 300]
