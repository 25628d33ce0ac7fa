"""A visitor's browser, to be measured: it paints by WebAssembly, or asks the service for the same picture."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle

from playwright.sync_api import Page

from impasto.model.network.config import Which
from impasto.scripts.studies import chromium

GIVE = """(file) => {
  window.photo = new Blob([Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0))], { type: "image/jpeg" });
}"""
PAINT = """async ([style, side]) => {
  const { paint } = await import("/device/device.js");
  const look = { strength: 1, preserveColor: false, stroke: 1 };
  const job = { photo: { shown: window.photo }, look, weights: { [style]: 1 }, size: { width: side, height: side } };
  await paint({ ...job, type: "image/jpeg", quality: 0.9 });
}"""
ASK = """async ([style, network]) => {
  const form = new FormData();
  for (const [name, value] of Object.entries({ image: window.photo, style, network, format: "jpeg" }))
    form.append(name, value);
  const answer = await fetch("v1/stylize", { method: "POST", body: form });
  if (!answer.ok) throw new Error(await answer.text());
  await answer.blob();
}"""


class Visitor:
    """A page that has been given a square photo, a JPEG, with this many pixels on a side."""

    def __init__(self, page: Page, photo: bytes, side: int, styles: Sequence[str], network: Which) -> None:
        self._page, self._side, self._network = page, side, network
        self._styles = cycle(styles)  # a picture that is there is not painted again
        page.evaluate(GIVE, base64.b64encode(photo).decode())

    def paint(self) -> None:
        """On the device: from the photo's file to the painting's."""
        self._page.evaluate(PAINT, [next(self._styles), self._side])

    def ask(self) -> None:
        """The same of the service."""
        self._page.evaluate(ASK, [next(self._styles), self._network])


@contextmanager
def painting(url: str, network: Which) -> Iterator[Page]:
    """A page of a service that paints with a network on its device. Raises NotInstalled."""
    with chromium.opened() as browser:
        page = browser.new_page()
        page.goto(url)
        page.get_by_label("Paint on this device").check()
        page.locator("#label-facts", has_text="on this device").wait_for()
        page.get_by_label("Small network").set_checked(network == "small")
        page.locator("#stage[aria-busy=false]").wait_for()
        yield page
