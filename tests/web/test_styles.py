"""The gallery: styles are found, learned from a painting, changed, exported, imported and removed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import FilePayload, Page, expect

from impasto.model.network.config import SHIPPED
from tests.app.jobs.test_worker import working
from tests.pictures import encoded, painting
from tests.web.test_page import NIGHT, Shoot, choose_photo, dropped, painted, wait_painted, weights

ANSWER_FITS = """({ status, body }) => {
  const ask = fetch;
  window.fits = [];
  window.fetch = async (address, options) => {
    if (address !== "v1/styles" || options?.method !== "POST") return ask(address, options);
    fits.push(options.body.get("fit"));
    return Response.json(body, { status });
  };
}"""
"""In the place of the service; the page itself tells, since Chromium hides the bodies that have files."""
PREDICTED: dict[str, Any] = {
    "id": "1",
    "kind": "fit",
    "style": NIGHT,
    "state": "succeeded",
    "step": 0,
    "steps": 0,
    "losses": {"content_error": 0.4, "style_distance": 0.2},
    "seconds_left": None,
    "verdict": "good",
    "message": "as good as the styles that the network was trained in",
}
"""A job without a pass, as it ends."""
QUEUED = {**PREDICTED, "state": "queued", "steps": None, "losses": {}, "verdict": None, "message": None}


def test_styles_are_searched_and_sorted(page: Page) -> None:
    page.get_by_label("Search styles").fill("serusier")
    expect(page.locator(".card .title")).to_have_text(["The Beach of Les Grands Sables at Le Pouldu"])
    page.get_by_label("Search styles").fill("nothing like it")
    expect(page.get_by_text("No style matches.")).to_be_visible()
    page.get_by_label("Search styles").fill("")
    page.get_by_label("Sort by").select_option("year")
    expect(page.locator(".card .artist").first).to_contain_text("c. 800")


def test_a_style_is_learned_from_a_painting_shown_renamed_exported_removed_and_imported(
    page: Page,
    base_url: str,
    data_dir: Path,
    screenshot: Shoot,
    expected_errors: list[str],
) -> None:
    expected_errors.append("status of 409")
    painted(page, lambda: choose_photo(page))
    page.get_by_role("button", name="Add a style").first.click()
    page.get_by_role("button", name="Learn this style").click()
    expect(page.get_by_text("Give it a painting to learn from.")).to_be_visible()
    dropped(page, "my_patches.png", encoded(painting(3)), "image/png")
    page.get_by_label("Id, as programs name it").last.fill(NIGHT)
    page.get_by_role("button", name="Learn this style").click()
    expect(page.locator('[data-error="id"]')).to_contain_text("There is a style")
    screenshot("add")
    page.get_by_label("Id, as programs name it").last.fill("my-patches")
    page.get_by_role("button", name="Learn this style").click()
    expect(page.locator("#fit-state")).to_have_text("Waiting for its turn.")
    with working(SHIPPED, f"sqlite:///{data_dir}/impasto.db", data_dir=data_dir):
        expect(page.locator("#fit-state")).to_contain_text(re.compile(r"Pass \d+ of 8"), timeout=90_000)
        page.reload()
        expect(page.locator("#open-add")).to_contain_text("Learning…")
        page.locator("#open-add").click()
        expect(page.locator("#fit-picture")).to_be_visible()
        expect(page.locator("#fit-losses")).to_contain_text("Distance from the painting")
        screenshot("learning")
        expect(page.locator("#fit-state")).to_contain_text("The fit is", timeout=90_000)
        expect(page.locator("#fit-title")).to_have_text("Learned: my patches")
        screenshot("learned")
    painted(page, lambda: choose_photo(page))
    response = painted(page, page.get_by_role("button", name="Paint with it").click)
    assert weights(response) == {"my-patches": 1.0}
    expect(page.locator('.card[data-id="my-patches"] .badge')).to_contain_text("added")

    page.get_by_role("button", name="About my patches").click()
    page.locator("#about").get_by_label("Title").fill("Patches")
    page.locator("#about").get_by_label("Id, as programs name it").fill("patches")
    screenshot("about")
    page.get_by_role("button", name="Save").click()
    expect(page.locator('.card[data-id="patches"] .title')).to_have_text("Patches")
    assert "style=patches" in page.url

    page.get_by_role("button", name="About Patches").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export pack").click()
    assert download.value.suggested_filename == "patches.safetensors"
    pack = download.value.path().read_bytes()
    page.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_role("button", name="Really remove it?").click()
    expect(page.locator('.card[data-id="patches"]')).to_have_count(0)
    assert httpx2.get(f"{base_url}/v1/styles/patches").status_code == 404

    page.set_input_files("#pack-file", {"name": "again.safetensors", "mimeType": "", "buffer": pack})
    expect(page.locator('.card[data-id="again"] .title')).to_have_text("Patches")
    httpx2.delete(f"{base_url}/v1/styles/again").raise_for_status()


def test_a_pack_that_is_none_is_explained_beside_the_button(page: Page, expected_errors: list[str]) -> None:
    expected_errors.append("status of 400")
    page.set_input_files("#pack-file", {"name": "broken.safetensors", "mimeType": "", "buffer": b"nothing"})
    expect(page.locator("#import-error")).to_contain_text("broken.safetensors: ")


def test_a_fit_is_cancelled(page: Page) -> None:
    dropped(page, "notes.png", encoded(painting(4)), "image/png")
    page.get_by_role("button", name="Add a style").first.click()
    page.set_input_files("#painting", {"name": "other.png", "mimeType": "image/png", "buffer": encoded(painting(4))})
    page.get_by_role("button", name="Learn this style").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#fit-title")).to_have_text("Cancelled: other")
    page.get_by_role("button", name="Add another").click()
    expect(page.get_by_role("button", name="Learn this style")).to_be_visible()


def open_where(page: Page, *, predicts: bool) -> None:
    """Open the page of a service that predicts styles, or of one that does not."""
    page.route("**/v1/info", lambda route: route.fulfill(json={**route.fetch().json(), "predicts": predicts}))
    page.reload()
    wait_painted(page)


def give_painting(page: Page) -> None:
    page.get_by_role("button", name="Add a style").first.click()
    file = FilePayload(name="painting.png", mimeType="image/png", buffer=encoded(painting(4)))
    page.set_input_files("#painting", file)


def test_how_well_a_style_is_learned_is_chosen_by_mouse_or_keys(page: Page, screenshot: Shoot) -> None:
    open_where(page, predicts=True)
    page.evaluate(ANSWER_FITS, {"status": 422, "body": {"code": "no_predictor", "detail": "it has no predictor"}})
    give_painting(page)
    expect(page.locator("#add-time")).to_be_hidden()
    ways = page.get_by_role("group", name="How well")
    expect(ways.get_by_role("radio")).to_have_count(3)
    expect(ways.get_by_label("Thoroughly")).to_be_checked()
    screenshot("how-well")
    learn = page.get_by_role("button", name="Learn this style")
    learn.click()
    expect(page.locator("#add-error")).to_have_text("It has no predictor.")
    ways.get_by_label("At once").check()
    learn.click()
    ways.get_by_label("At once").press("ArrowDown")
    expect(ways.get_by_label("Quickly")).to_be_checked()
    learn.click()
    page.wait_for_function("fits.length === 3")
    assert page.evaluate("fits") == ["full", "none", "quick"]


def test_a_service_that_predicts_no_styles_offers_one_way_and_says_how_long_it_takes(page: Page) -> None:
    open_where(page, predicts=False)
    give_painting(page)
    expect(page.get_by_role("group", name="How well")).to_be_hidden()
    expect(page.locator("#add-form .hint")).to_contain_text("From one painting, in about a minute.")


def test_the_id_of_paintings_given_along_is_not_proposed(page: Page) -> None:
    give_painting(page)
    expect(page.locator("#add-form").get_by_label("Title")).to_have_value("painting")
    expect(page.locator("#add-form").get_by_label("Id, as programs name it")).to_have_value("a-painting")


@pytest.mark.parametrize("answer", [QUEUED, PREDICTED], ids=["before it is looked at", "before it is answered"])
def test_a_job_that_ends_at_once_is_shown_with_its_picture(page: Page, answer: dict[str, Any]) -> None:
    told = f"event: succeeded\nid: 0\ndata: {json.dumps(PREDICTED)}\n\n"
    page.route("**/v1/jobs/1/events", lambda route: route.fulfill(body=told, content_type="text/event-stream"))
    page.evaluate(ANSWER_FITS, {"status": 202, "body": answer})
    give_painting(page)
    page.get_by_role("button", name="Learn this style").click()
    expect(page.locator("#fit-title")).to_have_text("Learned: painting")
    expect(page.locator("#fit-state")).to_have_text(f"The prediction is {PREDICTED['message']}.")
    expect(page.locator("#fit-losses dd")).to_have_text(["0.40", "0.20"])
    expect(page.locator("#fit-progress")).to_be_hidden()
    expect(page.locator("#fit-picture")).to_be_visible()
    expect(page.get_by_role("button", name="Paint with it")).to_be_focused()
    expect(page.locator("#open-add")).to_have_text("Add a style")


@pytest.mark.parametrize(
    ("state", "steps", "words"),
    [
        ("queued", None, "Waiting for its turn."),
        ("running", None, "Getting ready: looking for a style to begin from."),
        ("running", 0, "Predicting the style, and judging it."),
    ],
)
def test_a_job_without_steps_is_not_counted(page: Page, state: str, steps: int | None, words: str) -> None:
    page.route("**/v1/jobs/**", lambda route: None)  # no news of it
    fit = {"job": {**QUEUED, "state": state, "steps": steps}, "title": "Patches", "began": {}}
    page.evaluate("(fit) => localStorage.setItem('impasto-fit', fit)", json.dumps(fit))
    page.reload()
    expect(page.locator("#open-add")).to_have_text("Learning…")
    page.locator("#open-add").click()
    expect(page.locator("#fit-state")).to_have_text(words)
    expect(page.locator("#fit-progress")).not_to_have_attribute("value", re.compile(""))
    expect(page.locator("#fit-losses dd")).to_have_count(0)
