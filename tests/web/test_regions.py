"""Regions on the page, marked and painted by a real browser."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import FilePayload, Locator, Page, Route, expect

from impasto.model.painting.recipe import Recipe
from tests.pictures import encoded, opened, photo
from tests.web.test_page import KISS, NIGHT, WAVE, card, dropped, open_link, painted

SMALL = f"style={NIGHT}&size=96"
"""A link to what is painted in no time."""
ELLIPSE = {"ellipse": {"center": [0.5, 0.4], "radii": [0.2, 0.3]}, "feather": 0.02, "weights": {KISS: 1}}
RECORD = """() => {
  const ask = fetch;
  window.sent = [];
  window.fetch = async (address, options) => {
    if (address === "v1/stylize") {
      const asked = { fields: [], masks: {}, draft: "Accept" in Object(options.headers) };
      sent.push(asked);
      for (const [name, value] of options.body) {
        if (name === "mask") asked.masks[value.name] = value;
        else if (name !== "image") asked.fields.push([name, value]);
      }
    }
    return ask(address, options);
  };
}"""
LAST = """async () => {
  const { fields, masks, draft } = sent.at(-1);
  const read = async ([name, file]) => [name, btoa(String.fromCharCode(...new Uint8Array(await file.arrayBuffer())))];
  return { fields, draft, masks: Object.fromEntries(await Promise.all(Object.entries(masks).map(read))) };
}"""


@dataclass(frozen=True)
class Sent:
    """What the page asked the service for last, beside the photo."""

    fields: list[tuple[str, str]]
    masks: dict[str, np.ndarray]
    draft: bool

    @property
    def regions(self) -> list[dict[str, Any]]:
        return [json.loads(value) for name, value in self.fields if name == "region"]

    @property
    def styles(self) -> list[str]:
        return [value for name, value in self.fields if name == "style"]


Last = Callable[[], Sent]


@pytest.fixture
def last(page: Page) -> Last:
    """With a small picture on the easel; the page itself tells, since Chromium hides the bodies that have files."""
    open_link(page, SMALL)
    page.evaluate(RECORD)

    def read() -> Sent:
        told = page.evaluate(LAST)
        masks = {name: np.array(opened(base64.b64decode(data)).convert("L")) for name, data in told["masks"].items()}
        return Sent([(name, value) for name, value in told["fields"]], masks, told["draft"])

    return read


def add(page: Page, kind: str) -> None:
    """With the picture painted anew, so that none of it is taken for what is asked for next."""
    page.get_by_role("button", name="Add a region").click()
    painted(page, page.get_by_role("button", name=kind).click)


def entry(page: Page, number: int) -> Locator:
    return page.get_by_role("button", name=re.compile(f"^Region {number}"))


def on(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where in the window a place of the picture is, 0 to 1."""
    box = page.locator("#canvas").bounding_box()
    assert box
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def drag(page: Page, *places: tuple[float, float]) -> None:
    """With the mouse from place to place in the picture, 0 to 1."""
    page.mouse.move(*on(page, *places[0]))
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*on(page, *place), steps=4)
    page.mouse.up()


def at(mask: np.ndarray, x: float, y: float) -> int:
    height, width = mask.shape
    return int(mask[int(y * height), int(x * width)])


def test_a_painted_region_is_sent_as_a_mask_with_its_blend_in_drafts_while_it_is_painted(
    page: Page, last: Last
) -> None:
    add(page, "Brush")
    painted(page, card(page, KISS).click)
    page.mouse.move(*on(page, 0.2, 0.5))
    page.mouse.down()
    for turn in range(100):  # until there is a draft, however slow the machine is
        page.mouse.move(*on(page, 0.4 - turn % 2 / 10, 0.5), steps=4)
        page.wait_for_timeout(100)
        if last().draft and page.locator("#viewport").get_attribute("data-shown") == "draft":
            break
    else:
        pytest.fail("no draft was shown")
    painted(page, page.mouse.up)
    whole = last()
    assert whole.regions == [{"mask": "region-1.png", "feather": 0.02, "weights": {KISS: 1}}]
    assert whole.styles == [NIGHT]
    mask = whole.masks["region-1.png"]
    assert mask.shape == (300, 451)
    assert [at(mask, x, 0.5) for x in (0.1, 0.2, 0.3, 0.4, 0.5)] == [0, 255, 255, 255, 0]
    expect(page.locator("#label-title")).to_have_text(re.compile("; region 1: The Kiss$"))


def test_strokes_are_erased_cleared_undone_and_done_again(page: Page, last: Last) -> None:
    add(page, "Brush")
    painted(page, lambda: drag(page, (0.2, 0.5), (0.6, 0.5)))
    page.get_by_role("button", name="Erase").click()
    painted(page, lambda: drag(page, (0.4, 0.3), (0.4, 0.7)))

    def shown() -> list[int]:
        return [at(last().masks["region-1.png"], x, 0.5) for x in (0.3, 0.4)]

    assert shown() == [255, 0]
    painted(page, lambda: page.keyboard.press("Control+z"))
    assert shown() == [255, 255]
    painted(page, lambda: page.keyboard.press("Control+Shift+z"))
    assert shown() == [255, 0]
    painted(page, page.get_by_role("button", name="Clear").click)
    assert shown() == [0, 0]
    undo = page.get_by_role("button", name="Undo", exact=True)
    painted(page, undo.click)
    assert shown() == [255, 0]
    for _ in range(3):
        undo.click()
    expect(page.locator("#region-list li")).to_have_count(0)
    expect(undo).to_be_disabled()
    expect(page.get_by_role("button", name="Redo", exact=True)).to_be_focused()
    painted(page, page.get_by_role("button", name="Redo", exact=True).click)
    expect(page.locator("#region-list li")).to_have_count(2)


def test_a_brush_on_a_zoomed_and_moved_picture_lands_where_the_pointer_is(page: Page, last: Last) -> None:
    add(page, "Brush")
    for _ in range(4):
        page.get_by_role("button", name="Zoom in").click()
    page.mouse.move(*on(page, 0.5, 0.5))
    page.keyboard.down("Control")
    page.mouse.wheel(0, -40)
    page.keyboard.up("Control")
    viewport = page.locator("#viewport").bounding_box()
    box = page.locator("#canvas").bounding_box()
    assert viewport and box and box["width"] > 1.5 * viewport["width"]
    x, y = viewport["x"] + viewport["width"] / 4, viewport["y"] + viewport["height"] / 3
    page.locator("#brush-size").fill("2")
    page.mouse.move(x, y)
    page.mouse.down()
    painted(page, page.mouse.up)
    mask = last().masks["region-1.png"]
    rows, columns = np.nonzero(mask > 127)
    assert columns.mean() / 451 == pytest.approx((x - box["x"]) / box["width"], abs=0.005)
    assert rows.mean() / 300 == pytest.approx((y - box["y"]) / box["height"], abs=0.005)
    assert np.ptp(columns) / 451 == pytest.approx(0.02, abs=0.005)


def test_a_region_is_painted_by_keyboard_alone(page: Page, last: Last) -> None:
    page.get_by_role("button", name="Add a region").press("Enter")
    painted(page, lambda: page.get_by_role("button", name="Brush").press("Enter"))
    viewport = page.locator("#viewport")
    expect(viewport).to_be_focused()
    expect(viewport).to_have_attribute("aria-description", re.compile("Space"))
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.locator("#tip")).to_be_visible()
    expect(page.locator("#status")).to_have_text("40 % across, 50 % down")
    page.keyboard.press("Space")
    expect(page.locator("#status")).to_contain_text("The brush is down")
    for _ in range(2):
        page.keyboard.press("Shift+ArrowLeft")
    painted(page, lambda: page.keyboard.press("Space"))
    page.keyboard.press("Shift+ArrowDown")
    mask = last().masks["region-1.png"]
    assert [at(mask, x, y) for x, y in ((0.4, 0.5), (0.2, 0.5), (0.2, 0.6), (0.55, 0.5))] == [255, 255, 0, 0]


def test_one_finger_paints_and_two_zoom(page: Page, last: Last) -> None:
    add(page, "Brush")
    touch = page.context.new_cdp_session(page)

    def fingers(kind: str, *places: tuple[float, float]) -> None:
        points = [dict(zip("xy", on(page, *place), strict=True), id=number) for number, place in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})

    fingers("Start", (0.2, 0.5))
    fingers("Move", (0.4, 0.5))
    painted(page, lambda: fingers("End"))
    assert at(last().masks["region-1.png"], 0.3, 0.5) == 255
    fingers("Start", (0.3, 0.8))
    fingers("Start", (0.3, 0.8), (0.6, 0.8))
    fingers("Move", (0.2, 0.8), (0.7, 0.8))
    fingers("End")
    expect(page.locator("#zoom-fit")).to_be_enabled()
    painted(page, card(page, KISS).click)
    mask = last().masks["region-1.png"]
    assert (at(mask, 0.3, 0.5), at(mask, 0.3, 0.8)) == (255, 0)


def test_a_gradient_is_dragged_and_then_moved_by_its_handles_and_its_link_opens_it_again(
    page: Page, last: Last
) -> None:
    open_link(page, f"{SMALL}&strength=0.8")
    add(page, "Gradient")
    painted(page, lambda: drag(page, (0.2, 0.5), (0.8, 0.5)))
    painted(page, card(page, WAVE).click)
    begins = page.get_by_role("slider", name="Where the gradient begins")
    painted(page, lambda: begins.press("Shift+ArrowLeft"))
    painted(page, lambda: page.get_by_role("slider", name="Where the gradient is whole").press("ArrowDown"))
    (region,) = last().regions
    assert region["weights"] == {WAVE: 1}
    assert "strength" not in region
    assert region["gradient"]["from"] == pytest.approx([0.1, 0.5], abs=0.003)
    assert region["gradient"]["to"] == pytest.approx([0.8, 0.51], abs=0.003)
    painted(page, lambda: page.locator("#strength").press("Home"))
    painted(page, lambda: page.locator("#strength").press("ArrowRight"))
    asked = last()
    assert asked.regions[0]["strength"] == 0.01
    page.reload()
    page.evaluate(RECORD)
    expect(page.locator(".region-styles")).to_have_text(["The Starry Night", "The Great Wave off Kanagawa"])
    painted(page, page.get_by_label("Each region by itself").check)
    assert last().regions == asked.regions
    assert ("statistics", "region") in last().fields


def test_an_ellipse_is_dragged_out_resized_and_the_picture_moves_again(page: Page, last: Last) -> None:
    add(page, "Ellipse")
    painted(page, lambda: drag(page, (0.4, 0.4), (0.6, 0.7)))
    painted(page, lambda: page.get_by_role("slider", name="Width").press("ArrowLeft"))
    (region,) = last().regions
    assert region["ellipse"]["center"] == pytest.approx([0.4, 0.4], abs=0.003)
    assert region["ellipse"]["radii"] == pytest.approx([0.19, 0.3], abs=0.003)
    assert region["strength"] == 0  # without a style: the photo
    handle = page.get_by_role("slider", name="Middle").bounding_box()
    assert handle
    page.mouse.move(handle["x"] + 14, handle["y"] + 14)
    page.mouse.down()
    page.mouse.move(*on(page, 0.6, 0.5), steps=3)
    painted(page, page.mouse.up)
    assert last().regions[0]["ellipse"]["center"] == pytest.approx([0.6, 0.5], abs=0.003)


def test_a_polygon_of_a_link_is_shown_and_sent_as_it_is(page: Page, last: Last) -> None:
    polygon = {"polygon": [[0.1, 0.1], [0.9, 0.2], [0.5, 0.95]], "weights": {NIGHT: 0.3, KISS: 0.7}, "stroke": 2}
    broken = {"polygon": [[0, 0], [1, 1]], "weights": {NIGHT: 1}}
    open_link(page, f"size=96&region={json.dumps(polygon)}&region={json.dumps(broken)}")
    assert last().regions == [polygon]
    assert last().styles == []
    expect(page.locator("#toast")).to_have_text("Region 2 of the link is left out: its polygon is none.")
    entry(page, 1).click()
    expect(page.locator("#overlay")).to_be_visible()
    page.get_by_role("button", name="Show where").click()
    expect(page.locator("#overlay")).to_be_hidden()


def test_the_rest_stays_the_photo_without_a_style_and_nothing_is_painted_without_any(page: Page, last: Last) -> None:
    open_link(page, f"{SMALL}&region={json.dumps(ELLIPSE)}")
    painted(page, page.get_by_role("button", name="Take The Starry Night out").click)
    assert (last().styles, last().regions) == ([], [ELLIPSE])
    expect(page.locator(".region-styles")).to_have_text(["Photo", "The Kiss"])
    entry(page, 1).click()
    page.get_by_role("button", name="Take The Kiss out").click()
    expect(page.locator("#download")).to_be_disabled()
    expect(page.locator("#label-title")).to_have_text("Chelsea, a cat")


def test_removing_regions_keeps_the_focus_and_they_come_back(page: Page, last: Last) -> None:
    regions = page.get_by_role("region", name="Regions")
    expect(regions.get_by_role("button")).to_have_text(["Add a region"])
    expect(regions.get_by_role("slider")).to_have_count(0)
    open_link(page, f"{SMALL}&style={KISS}&region={json.dumps(ELLIPSE)}&region={json.dumps(ELLIPSE)}")
    expect(page.get_by_role("button", name="Nine weights")).to_be_hidden()
    remove = page.get_by_role("button", name="Remove region 1")
    painted(page, lambda: remove.press("Enter"))
    expect(remove).to_be_focused()
    painted(page, lambda: remove.press("Enter"))
    expect(page.get_by_role("button", name="Add a region")).to_be_focused()
    expect(page.get_by_role("button", name="Nine weights")).to_be_visible()
    expect(page.locator("#mixer-heading")).to_have_text("Blend")
    painted(page, lambda: page.keyboard.press("Control+z"))
    expect(entry(page, 1)).to_be_visible()
    page.get_by_label("Each region by itself").focus()
    page.keyboard.press("Control+Shift+z")
    expect(page.get_by_role("button", name="Add a region")).to_be_focused()


def test_a_recipe_is_downloaded_and_opened_again_with_its_painted_masks(page: Page, last: Last, tmp_path: Path) -> None:
    open_link(page, f"{SMALL}&stroke=2&region={json.dumps(ELLIPSE)}")
    add(page, "Brush")
    painted(page, lambda: drag(page, (0.2, 0.5), (0.6, 0.5)))
    asked = last()
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator("#toast")).to_contain_text("Painted regions are in the recipe only.")
    with page.expect_download() as download:
        page.get_by_role("button", name="Recipe", exact=True).click()
    text = download.value.path().read_text("utf-8")
    recipe = Recipe.from_text(text)
    assert (recipe.size, recipe.stroke, len(recipe.regions)) == (96, 2, 2)
    open_link(page, f"style={WAVE}&size=96")
    painted(page, lambda: dropped(page, "recipe.json", text.encode(), "application/json"))
    again = last()
    assert again.fields == asked.fields
    np.testing.assert_array_equal(again.masks["region-2.png"], asked.masks["region-2.png"])
    entry(page, 2).click()
    painted(page, lambda: drag(page, (0.5, 0.2), (0.5, 0.8)))
    mask = last().masks["region-2.png"]
    assert [at(mask, *place) for place in ((0.3, 0.5), (0.5, 0.7), (0.3, 0.7))] == [255, 255, 0]


def test_recipes_of_before_and_broken_ones(page: Page, last: Last) -> None:
    def choose(recipe: object) -> None:
        data = recipe if isinstance(recipe, bytes) else json.dumps(recipe).encode()
        page.set_input_files("#recipe-file", FilePayload(name="r.json", mimeType="", buffer=data))

    network = page.request.get("/v1/info").json()["network_id"]
    former = {"impasto": 2, "weights": {KISS: 0.25, "gone": 0.75}, "network_id": network, "size": 256, "strength": 0.5}
    painted(page, lambda: choose(former))
    assert last().fields == [("style", KISS), ("strength", "0.5"), ("size", "256")]
    expect(page.locator("#toast")).to_have_text("This service does not have the style gone.")
    bad = {**former, "impasto": 3, "regions": [ELLIPSE, {"mask": "data:image/png;base64,AAAA", "weights": {KISS: 1}}]}
    given = re.compile("^r.json: this recipe paints like a painting that was given along, .* PHOTO --recipe FILE.$")
    for recipe, words in (
        (b"{", "r.json: this is no recipe, it is not JSON."),
        ({**former, "painting": "AAAA"}, given),
        ([1], "r.json: this is no recipe of Impasto."),
        ({**former, "impasto": 4}, "r.json: this recipe is of a newer Impasto."),
        ({**former, "weights": {KISS: 0.5, "painting": 0.5}}, given),
        (bad, "r.json: region 2: its mask is no picture."),
        ({**bad, "regions": [{"weights": {}}]}, re.compile("^r.json: region 1: it needs one of mask, gradient")),
        ({**former, "impasto": 3, "regions": [{**ELLIPSE, "weights": {"painting": 1}}]}, given),
        ({**bad, "regions": [ELLIPSE] * 9}, "r.json: it has 9 regions, and 8 are the most."),
    ):
        choose(recipe)
        expect(page.locator("#recipe-error")).to_have_text(words)
    expect(page.locator("#region-list li")).to_have_count(0)


def test_a_region_may_be_added_while_what_regions_need_is_on_its_way(page: Page, last: Last) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/regions/regions.js", hold)
    with page.expect_request("**/regions/regions.js"):
        open_link(page, f"{SMALL}&region={json.dumps(ELLIPSE)}")
    page.get_by_role("button", name="Add a region").click()
    held[0].continue_()
    expect(page.get_by_role("button", name="Brush")).to_be_visible()


def test_the_code_paints_the_same_picture_with_its_masks(page: Page, last: Last, tmp_path: Path) -> None:
    open_link(page, f"{SMALL}&region={json.dumps(ELLIPSE)}")
    add(page, "Brush")
    painted(page, lambda: drag(page, (0.2, 0.2), (0.6, 0.2)))
    painted(page, card(page, WAVE).click)
    page.get_by_label("Format").select_option("png")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download", exact=True).click()
    assert download.value.suggested_filename == f"cat-{NIGHT}-regions.png"
    file = download.value.path().read_bytes()
    page.get_by_role("button", name="Code").click()
    with page.expect_download() as mask:
        page.get_by_role("button", name="Save the masks").click()
    mask.value.save_as(tmp_path / mask.value.suggested_filename)
    cat = page.request.get("/cat.jpg").body()
    (tmp_path / "cat.jpg").write_bytes(cat)
    for language, program in (("curl", ["bash", "-c"]), ("Python", [sys.executable, "-c"])):
        page.get_by_role("tab", name=language).click()
        subprocess.run([*program, page.locator("#snippet").inner_text()], cwd=tmp_path, check=True)
        assert (tmp_path / "painted.png").read_bytes() == file
        (tmp_path / "painted.png").unlink()
    page.get_by_role("tab", name="JavaScript").click()
    painting = page.evaluate(
        f"""async ([photo, mask]) => {{
          const read = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
          const file = new Blob([read(photo)]);
          const masks = [new File([read(mask)], "region-2.png")];
          {page.locator("#snippet").inner_text()}
          return btoa(String.fromCharCode(...new Uint8Array(await painting.arrayBuffer())));
        }}""",
        [base64.b64encode(each).decode() for each in (cat, (tmp_path / "region-2.png").read_bytes())],
    )
    assert base64.b64decode(painting) == file


def test_a_new_photo_keeps_the_regions_and_says_that_painted_ones_are_stretched(page: Page, last: Last) -> None:
    add(page, "Brush")
    painted(page, lambda: drag(page, (0.2, 0.5), (0.6, 0.5)))
    tall = encoded(photo(5, height=400, width=200))
    painted(page, lambda: dropped(page, "tall.png", tall, "image/png"))
    expect(page.locator("#toast")).to_have_text("The painted regions are stretched to the new photo.")
    painted(page, lambda: drag(page, (0.5, 0.8), (0.6, 0.8)))
    mask = last().masks["region-1.png"]
    assert mask.shape == (400, 200)
    assert [at(mask, *place) for place in ((0.1, 0.5), (0.4, 0.5), (0.7, 0.5), (0.55, 0.8))] == [0, 255, 0, 255]


def test_there_are_no_barriers(page: Page, last: Last, assert_accessible: Callable[[], None]) -> None:
    for kind in ("Ellipse", "Brush"):
        add(page, kind)
        page.get_by_role("button", name="Add a region").click()
        assert_accessible()
        page.get_by_role("button", name="Add a region").click()
