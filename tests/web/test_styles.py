"""The gallery: styles are found, learned from a painting, changed, exported, imported and removed."""

from __future__ import annotations

import re
from pathlib import Path

import httpx2
from playwright.sync_api import Page, expect

from impasto.model.network.config import SHIPPED
from tests.app.jobs.test_worker import working
from tests.pictures import encoded, painting
from tests.web.test_page import NIGHT, Shoot, choose_photo, dropped, painted, weights


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
