from __future__ import annotations

import unicodedata

import numpy as np
import pytest
import torch
from PIL import ImageFont

from impasto.model.pictures.contact_sheet import contact_sheet


def test_pictures_stand_row_by_row_under_one_another() -> None:
    colors = torch.eye(3)
    pictures = [(f"number {n}", colors[n][:, None, None].expand(3, 20, 40)) for n in range(3)]
    sheet = np.asarray(contact_sheet(pictures, columns=2))
    red, green, blue = (np.argwhere((sheet == np.eye(3)[n] * 255).all(axis=2)) for n in range(3))
    assert len(red) == len(green) == len(blue) == 20 * 40
    assert (red[0][0], red[0][1]) == (green[0][0], blue[0][1])  # green beside red, blue below it
    assert green[0][1] > red[-1][1] and blue[0][0] > red[-1][0]


@pytest.mark.parametrize("caption", ["", "x" * 200])
def test_a_caption_never_reaches_the_next_picture(caption: str) -> None:
    white = torch.ones(3, 20, 60)
    sheet = np.asarray(contact_sheet([(caption, white), ("", white)], columns=2))
    assert (sheet[:, 12 + 60 :] == 255).all()


@pytest.mark.parametrize("caption", ["x" * 200, "i W " * 50, "\ufdfa" * 200], ids=["letters", "words", "ligatures"])
def test_a_long_caption_shows_as_many_letters_as_fit(caption: str, monkeypatch: pytest.MonkeyPatch) -> None:
    measure, measured = ImageFont.FreeTypeFont.getlength, []

    def counting(font: ImageFont.FreeTypeFont, text: str) -> float:
        measured.append(text)
        return measure(font, text)

    with monkeypatch.context() as patch:
        patch.setattr(ImageFont.FreeTypeFont, "getlength", counting)
        sheet = contact_sheet([(caption, torch.ones(3, 20, 128))], columns=1)
    font, plain = ImageFont.load_default(size=15), unicodedata.normalize("NFKD", caption)
    fitting = max(n for n in range(1, 129) if font.getlength(plain[:n] + "…") <= 128)
    shown = contact_sheet([(plain[:fitting].rstrip() + "…", torch.ones(3, 20, 128))], columns=1)
    np.testing.assert_array_equal(np.asarray(sheet), np.asarray(shown))
    assert len(measured) <= 9 and max(map(len, measured)) <= 129
