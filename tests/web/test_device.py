"""The page painting on the visitor's own device: by WebAssembly, as a browser without a graphics card does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import parse_qs

import httpx2
import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from impasto.app.page import WEB, PageFiles
from impasto.model.network.checkpoint import Checkpoint, save
from impasto.model.network.config import SHIPPED, StrokeConfig
from impasto.model.painting.recipe import Recipe
from tests.app.test_server import serving
from tests.pictures import encoded, opened, photo

pytestmark = pytest.mark.skipif(
    PageFiles.read().runtime is None, reason="what the page paints with is not there (make device, which needs npm)"
)
PHOTO = encoded(photo(height=150, width=200))
NO_CARD = "No available adapters."
"""What Chromium warns of when it is asked for a graphics card."""
SMALL_STROKES = StrokeConfig(canonical=64, finest=128)


@pytest.fixture(scope="module")
def url(tiny_checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service whose network has small strokes, so that small pictures have all levels, and are enlarged."""
    folder = tmp_path_factory.mktemp("device")
    save(replace(tiny_checkpoint, strokes=SMALL_STROKES), folder / "tiny.safetensors")
    with serving(folder / "tiny.safetensors", data_dir=folder, precision="float32") as url:
        yield url


@pytest.fixture(scope="module")
def context(browser: Browser, url: str) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=url)
    yield context
    context.close()


@pytest.fixture(scope="module")
def page(context: BrowserContext) -> Iterator[Page]:
    """The page of a visitor who has switched it on."""
    faults: list[str] = []
    page = opened_page(context, faults)
    switch_on(page)
    give_photo(page)
    yield page
    assert [fault for fault in faults if fault != NO_CARD] == []


def opened_page(context: BrowserContext, faults: list[str] | None = None) -> Page:
    page = context.new_page()
    if faults is not None:
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda each: faults.append(each.text) if each.type in ("error", "warning") else None)
    page.goto("/")
    expect(page.locator("#viewport")).to_have_attribute("data-shown", "whole")
    return page


def switch_on(page: Page) -> None:
    page.get_by_label("Paint on this device").check()
    expect(page.locator("#label-facts")).to_contain_text("on this device")


def give_photo(page: Page) -> None:
    page.set_input_files("#photo-file", {"name": "photo.png", "mimeType": "image/png", "buffer": PHOTO})
    expect(page.locator("#label-facts")).to_contain_text("200 × 150, painted on this device")


def download(page: Page, link: str, format: str = "png") -> bytes:
    page.evaluate("(hash) => { location.hash = hash; }", link)
    page.locator("#format").select_option(format)
    with page.expect_download() as download:
        page.locator("#download").click()
    return download.value.path().read_bytes()


def asked(url: str, link: str) -> bytes:
    """What the service paints of the same, with the network that is the usual one on a device."""
    form = {"network": "small", **parse_qs(link), "format": "png"}
    answer = httpx2.post(f"{url}/v1/stylize", data=form, files={"image": ("photo.png", PHOTO)}, timeout=60)
    return answer.raise_for_status().content


def answered(url: str) -> float:
    """How many requests the service has answered but those for its own figures and for pictures of styles."""
    lines = httpx2.get(f"{url}/metrics").text.splitlines()
    counts = [line for line in lines if line.startswith("http_server_request_duration_seconds_count")]
    return sum(float(line.split()[-1]) for line in counts if "/v1/" in line and "preview" not in line)


def psnr(one: bytes, other: bytes) -> float:
    pixels = [np.asarray(opened(data).convert("RGB"), np.float64) for data in (one, other)]
    return float(10 * np.log10(255**2 / np.square(pixels[0] - pixels[1]).mean()))


@pytest.mark.parametrize(
    "link",
    [
        "style=the-scream&stroke=native",
        "style=the-scream&size=100",
        "style=great-wave&style=starry-night&weight=0.3&weight=0.7&stroke=0.5",
        "style=great-wave&strength=0.6&preserve_color=true",
        "style=great-wave&stroke=native&size=900",
    ],
    ids=["one level", "two levels", "a blend", "enlarged, with the photo's colours", "in strips"],
)
def test_what_is_painted_here_is_what_the_service_paints_with_the_same_recipe(page: Page, url: str, link: str) -> None:
    before = answered(url)
    painted = download(page, link)
    assert answered(url) == before
    theirs = asked(url, link)
    assert psnr(painted, theirs) > 40
    assert Recipe.of(painted) == Recipe.of(theirs)


def test_the_small_network_paints_here_until_the_visitor_wants_the_large_one(browser: Browser, url: str) -> None:
    with browser.new_context(base_url=url) as context:
        page = opened_page(context)
        small = page.get_by_label("Small network")
        expect(small).not_to_be_checked()
        switch_on(page)
        give_photo(page)
        expect(small).to_be_checked()
        link = "style=the-scream&network=small"
        painted, theirs = download(page, "style=the-scream"), asked(url, link)
        assert page.url.endswith(f"#{link}")
        assert psnr(painted, theirs) > 40 and Recipe.of(painted).network == "small"
        small.uncheck()
        expect(page.locator("#label-facts")).to_contain_text("200 × 150, painted on this device")
        link = "style=the-scream&network=large"
        assert page.url.endswith(f"#{link}")
        assert psnr(download(page, link), asked(url, link)) > 40 > psnr(painted, asked(url, link))
        page.reload()
        expect(page.locator("#label-facts")).to_contain_text("on this device")
        expect(small).not_to_be_checked()
        small.check()
        expect(page.locator("#on-device-hint")).to_contain_text("Painted here by its processor")
        page.get_by_label("Paint on this device").uncheck()
        expect(small).not_to_be_checked()
        small.check()
        with page.expect_download() as of_the_service:
            page.locator("#download").click()
        assert Recipe.of(of_the_service.value.path().read_bytes()).network == "small"


def test_a_style_that_the_small_network_does_not_know_is_said_and_what_to_do(browser: Browser, url: str) -> None:
    def without(route: Route) -> None:
        known = route.fetch().json()
        route.fulfill(json={**known, "styles": [style for style in known["styles"] if style["id"] != "the-scream"]})

    with browser.new_context(base_url=url) as context:
        context.add_init_script("delete Navigator.prototype.serviceWorker;")  # which would ask past this route
        page = opened_page(context)
        switch_on(page)
        small = httpx2.get(f"{url}/v1/info").json()["small_network_id"]
        context.route(f"**/v1/networks/{small}/styles", without)
        page.evaluate("() => { location.hash = 'style=the-scream&network=large'; }")
        expect(page.locator("#on-device-hint")).to_contain_text("Painted here by its processor")
        page.get_by_label("Small network").check()
        expect(page.locator("#paint-error")).to_contain_text("The Scream was fitted to the large network only")
        page.get_by_label("Small network").uncheck()
        expect(page.locator("#label-facts")).to_contain_text("on this device")
        expect(page.locator("#paint-error")).to_be_hidden()


@pytest.mark.parametrize(
    ("gpu", "expected"),
    [
        ("{ requestAdapter: async () => null }", {"ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm.gz"}),
        (
            "{ requestAdapter: async () => ({}) }",
            {"ort.webgpu.bundle.min.mjs", "ort-wasm-simd-threaded.asyncify.wasm.gz"},
        ),
    ],
    ids=["no graphics card", "a graphics card"],
)
def test_what_a_graphics_card_takes_is_fetched_where_there_is_one_and_the_kernels_that_compute_beside_it(
    browser: Browser, url: str, gpu: str, expected: set[str]
) -> None:
    with browser.new_context(base_url=url) as context:
        context.add_init_script(f"Object.defineProperty(navigator, 'gpu', {{ value: {gpu} }});")
        fetched = set()
        context.on("request", lambda request: fetched.add(request.url.rpartition("/")[2]))
        switch_on(opened_page(context))
        assert {name for name in fetched if name.startswith("ort")} == expected
        assert "kernels.wasm" in fetched


@pytest.fixture(scope="module")
def shipped_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service with the networks for which the page's kernels are built."""
    with serving(SHIPPED, data_dir=tmp_path_factory.mktemp("shipped")) as url:
        yield url


@pytest.fixture(scope="module")
def shipped_page(browser: Browser, shipped_url: str) -> Iterator[Page]:
    """The page of a visitor who has switched it on, and has no graphics card. It is not to fetch ONNX Runtime Web."""
    with browser.new_context(base_url=shipped_url) as context:
        fetched: list[str] = []
        context.on("request", lambda request: fetched.append(request.url))
        page = opened_page(context)
        switch_on(page)
        give_photo(page)
        yield page
        assert not [address for address in fetched if "onnxruntime-web" in address]


@pytest.mark.parametrize("network", ["small", "large"])
@pytest.mark.parametrize("size", ["size=333", "size=512", "stroke=0.5&size=701"])
def test_the_kernels_of_the_service_paint_here_what_they_paint_there(
    shipped_page: Page, shipped_url: str, network: str, size: str
) -> None:
    link = f"style=munch-the-scream&style=hokusai-great-wave&weight=0.4&weight=0.6&network={network}&{size}"
    painted = download(shipped_page, link)
    assert psnr(painted, asked(shipped_url, link)) > 45


BETWEEN_LEVELS = """async ([file, height, width]) => {
  const { Engine } = await import("/engine/engine.js");
  const { inMemory, onArrays } = await import("/device/arithmetic.js");
  const { climb, ladder } = await import("/device/ladder.js");
  const [kernels, network] = await Promise.all(["engine/kernels.wasm", file].map(async (address) =>
    (await fetch(address)).arrayBuffer()));
  const { planes } = await Engine.load({ kernels, file: new Uint8Array(network), threads: 1 });
  const data = Float32Array.from({ length: 3 * height * width }, (_, place) => 0.5 + 0.7 * Math.sin(place * place));
  const strokes = { canonical: 40, finest: 4096, seen: 0.5, again: 0.4, fine: 0.85 };
  const photo = { data, channels: 3, height, width };
  const sizes = ladder([height, width], 1, strokes);
  const painted = (by) => climb(async (image) => by.sum([1.2, image], [-0.3, image]), photo, sizes, strokes, by);
  const [one, other] = [await painted(onArrays), await painted(inMemory(planes))];
  const apart = one.data.map((value, place) => Math.abs(value - other.data[place]));
  const free = []; // where memory is free after each further one, which depends on what was given back last
  for (let n = 0; n < 24; n += 1) {
    await painted(inMemory(planes));
    await planes.tidy(async () => { free.push(planes.make(3, height, width).at); });
  }
  const taken = Math.max(...free.slice(12)) - Math.max(...free.slice(0, 12));
  return [apart.reduce((most, value) => Math.max(most, value)), taken];
}"""


@pytest.mark.parametrize(("height", "width"), [(97, 161), (130, 66), (45, 333)])
def test_the_kernels_compute_between_levels_what_javascript_does_and_keep_no_memory(
    shipped_page: Page, shipped_url: str, height: int, width: int
) -> None:
    network = httpx2.get(f"{shipped_url}/v1/info").json()["small_network_id"]
    apart, taken = shipped_page.evaluate(BETWEEN_LEVELS, [f"v1/networks/{network}.onnx", height, width])
    assert apart < 1e-5
    assert taken <= 0


def test_where_a_browser_shares_no_memory_onnx_runtime_paints(browser: Browser, shipped_url: str) -> None:
    def alone(route: Route) -> None:
        answer = route.fetch()
        kept = {name: value for name, value in answer.headers.items() if not name.startswith("cross-origin-opener")}
        route.fulfill(response=answer, headers=kept)

    with browser.new_context(base_url=shipped_url) as context:
        context.add_init_script("delete Navigator.prototype.serviceWorker;")  # which would ask past this route
        context.route(f"{shipped_url}/", alone)
        fetched: list[str] = []
        context.on("request", lambda request: fetched.append(request.url))
        page = opened_page(context)
        switch_on(page)
        give_photo(page)
        link = "style=munch-the-scream&network=small"
        assert psnr(download(page, link), asked(shipped_url, link)) > 40
        assert [address for address in fetched if "onnxruntime-web" in address]
        assert not [address for address in fetched if address.endswith("kernels.wasm")]


@pytest.mark.parametrize("format", ["jpeg", "webp"])
def test_other_kinds_of_files_have_the_recipe_too(page: Page, url: str, format: str) -> None:
    link = "style=starry-night"
    painted = download(page, link, format)
    assert opened(painted).format == format.upper() and opened(painted).size == (200, 150)
    assert Recipe.of(painted) == Recipe.of(asked(url, link))


def test_while_something_is_dragged_drafts_are_painted_here(page: Page) -> None:
    shown = page.evaluate(
        """async () => {
          const strength = document.getElementById("strength");
          const { dataset } = document.getElementById("viewport");
          for (let value = 90; value > 10 && dataset.shown !== "draft"; value -= 1) {
            strength.value = value;
            strength.dispatchEvent(new Event("input"));
            await new Promise((resolve) => { setTimeout(resolve, 50); });
          }
          const { shown } = dataset;
          strength.dispatchEvent(new Event("change"));
          return shown;
        }"""
    )
    assert shown == "draft"
    expect(page.locator("#viewport")).to_have_attribute("data-shown", "whole")
    page.evaluate("() => { location.hash = 'style=starry-night'; }")


def test_the_pictures_of_the_square_and_the_sheet_are_painted_here(page: Page, url: str) -> None:
    before = answered(url)
    page.evaluate("() => { location.hash = 'style=the-scream&style=great-wave&style=starry-night'; }")
    expect(page.locator(".mosaic img")).to_have_count(16)
    page.evaluate("() => { location.hash = 'style=the-scream&style=great-wave'; }")
    page.get_by_role("button", name="Nine weights").click()
    expect(page.locator("#strip img")).to_have_count(9)
    with page.expect_download() as sheet:
        page.get_by_role("button", name="Download as one sheet").click()
    assert opened(sheet.value.path().read_bytes()).size == (9 * (512 + 12) + 12, 384 + 26 + 24)
    assert answered(url) == before


def test_there_are_no_barriers(page: Page, assert_accessible: Callable[[], None]) -> None:
    assert_accessible()


def test_regions_are_painted_by_the_service_and_it_says_so(page: Page) -> None:
    page.get_by_role("button", name="Add a region").click()
    with page.expect_response("**/v1/stylize"):
        page.get_by_role("button", name="Ellipse").click()
    expect(page.locator("#on-device-hint")).to_have_text("Pictures with regions are painted by the service.")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#label-facts")).to_contain_text("on this device")


def test_what_is_too_large_for_a_device_is_said(page: Page) -> None:
    page.evaluate("() => { location.hash = 'style=the-scream&size=6000'; }")
    expect(page.locator("#paint-error")).to_contain_text("6000 × 4500 pixels")
    expect(page.locator("#paint-error")).to_contain_text("let the service paint")
    page.evaluate("() => { location.hash = 'style=the-scream'; }")
    expect(page.locator("#paint-error")).to_be_hidden()


def test_without_a_connection_the_page_opens_and_paints(page: Page, context: BrowserContext) -> None:
    expect(page.locator("#on-device-hint")).to_have_text("Painted here by its processor, without a connection too.")
    ours = {path.relative_to(WEB).as_posix() for path in WEB.rglob("*.*") if "onnxruntime-web" not in path.parts}
    kept = page.evaluate(
        """async () => {
          const requests = (await Promise.all((await caches.keys()).map(async (name) =>
            (await caches.open(name)).keys()))).flat();
          return requests.map(({ url }) => url.slice(new URL("./", location).href.length));
        }"""
    )
    assert ours - {*kept} == {"index.html", "offline.js", "device/LICENSE.onnxruntime-web.txt"}
    assert not [path for path in kept if re.match("healthz|v1/(stylize|jobs)|docs", path)]
    context.set_offline(True)
    page.reload()
    expect(page.locator("#label-facts")).to_contain_text("on this device")
    give_photo(page)
    context.set_offline(False)


def test_a_new_version_of_the_page_replaces_the_old_one_and_what_else_was_fetched_stays(page: Page) -> None:
    kept = """async () => Object.fromEntries(await Promise.all((await caches.keys()).map(async (name) =>
      [name, (await (await caches.open(name)).keys()).map(({ url }) => url)])))"""
    (before,) = page.evaluate(kept).values()
    page.evaluate(
        """async () => {
          await navigator.serviceWorker.register("offline.js?other");
          const replaced = async () => (await caches.keys()).join() === "impasto other";
          while (!(await replaced())) await new Promise((resolve) => { setTimeout(resolve, 50); });
        }"""
    )
    (after,) = page.evaluate(kept).values()
    assert {*after} == {*before}


def test_a_browser_without_simd_is_told_so(browser: Browser, url: str) -> None:
    with browser.new_context(base_url=url) as context:
        context.add_init_script("WebAssembly.validate = () => false;")
        page = opened_page(context)
        expect(page.get_by_label("Paint on this device")).to_be_disabled()
        expect(page.locator("#on-device-hint")).to_contain_text("it lacks WebAssembly with SIMD")


def test_a_service_that_does_not_have_it_does_not_offer_it(browser: Browser, url: str) -> None:
    def without(route: Route) -> None:
        route.fulfill(json={**route.fetch().json(), "browser_runtime": None})

    with browser.new_context(base_url=url) as context:
        context.route("**/v1/info", without)
        expect(opened_page(context).get_by_label("Paint on this device")).to_be_hidden()


@pytest.mark.parametrize(
    ("files", "fault", "words"),
    [
        ("**/*.onnx", lambda route: route.abort(), "The connection broke off"),
        ("**/*.wasm.gz", lambda route: route.fulfill(body=b"damaged"), "What was fetched is damaged"),
        ("**/kernels.wasm", lambda route: route.fulfill(body=b"damaged"), "does not run in this browser"),
        ("**/*.onnx", lambda route: route.fulfill(body=b"damaged"), "does not run in this browser"),
    ],
    ids=["no connection", "damaged runtime", "damaged kernels", "damaged network"],
)
def test_a_first_load_that_breaks_off_or_is_damaged_is_said_and_can_be_tried_again(
    browser: Browser, url: str, shipped_url: str, files: str, fault: Callable[[Route], None], words: str
) -> None:
    of_kernels = "kernels" in files  # which are for the shipped network alone
    with browser.new_context(base_url=shipped_url if of_kernels else url) as context:
        context.add_init_script("delete Navigator.prototype.serviceWorker;")  # which would ask past these routes
        page = opened_page(context)
        context.route(files, fault)
        page.get_by_label("Paint on this device").check()
        expect(page.locator("#on-device-error")).to_contain_text(words)
        expect(page.get_by_label("Paint on this device")).not_to_be_checked()
        context.unroute(files)
        switch_on(page)
        expect(page.locator("#on-device-error")).to_be_hidden()
        expect(page.locator("#on-device-hint")).to_have_text("Painted here by its processor.")


def test_storage_that_is_full_is_said_and_it_paints_nevertheless(browser: Browser, url: str) -> None:
    with browser.new_context(base_url=url) as context:
        page = opened_page(context)
        quota = {"origin": url, "quotaSize": 3_000_000}
        context.new_cdp_session(page).send("Storage.overrideQuotaForOrigin", quota)
        switch_on(page)
        expect(page.locator("#on-device-hint")).to_contain_text("its storage is too full")
