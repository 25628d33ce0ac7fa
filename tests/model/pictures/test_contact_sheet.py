from __future__ import annotations

import numpy as np
import pytest
import torch

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
