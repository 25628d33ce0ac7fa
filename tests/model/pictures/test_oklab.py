from __future__ import annotations

import torch

from impasto.model.pictures.oklab import from_oklab, to_oklab

KNOWN = {
    (1.0, 1.0, 1.0): (1.0, 0.0, 0.0),
    (0.0, 0.0, 0.0): (0.0, 0.0, 0.0),
    (1.0, 0.0, 0.0): (0.62796, 0.22486, 0.12585),
    (0.0, 1.0, 0.0): (0.86644, -0.23389, 0.17950),
    (0.0, 0.0, 1.0): (0.45201, -0.03246, -0.31153),
}
"""sRGB and OKLab, as its author has them."""


def test_colours_are_where_the_author_has_them() -> None:
    rgb, lab = (torch.tensor([*each]).T[:, None] for each in (KNOWN.keys(), KNOWN.values()))
    torch.testing.assert_close(to_oklab(rgb), lab, rtol=0, atol=1e-4)


def test_there_and_back_every_8_bit_colour_is_itself() -> None:
    rgb = torch.randint(0, 256, (3, 200, 200), generator=torch.Generator().manual_seed(0)) / 255
    assert (from_oklab(to_oklab(rgb)) - rgb).abs().max() < 1e-4


def test_a_colour_that_srgb_lacks_becomes_a_paler_one_of_its_hue_and_not_another() -> None:
    red = to_oklab(torch.tensor([0.9, 0.2, 0.2])[:, None, None])
    stronger = red * torch.tensor([1.0, 1.4, 1.4])[:, None, None]
    shown = to_oklab(from_oklab(stronger))
    hue, expected = (torch.atan2(lab[2], lab[1]) for lab in (shown, red))
    assert (hue - expected).abs() < 0.1
    assert (shown[0] - red[0]).abs() < 0.05


def test_whatever_is_asked_for_is_a_colour() -> None:
    lab = torch.randn(3, 50, 50, generator=torch.Generator().manual_seed(0)) * 3
    rgb = from_oklab(lab)
    assert rgb.isfinite().all() and rgb.min() >= 0 and rgb.max() <= 1
