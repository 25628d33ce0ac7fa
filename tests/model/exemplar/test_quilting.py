"""Quilts: pieces of the exemplar, cut where they differ least, and like a photo where they are to be."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from impasto.model.exemplar import quilting as module
from impasto.model.exemplar.config import QuiltingConfig, TransferConfig
from impasto.model.exemplar.exemplar import Exemplar, assembled
from impasto.model.exemplar.quilting import Guide, quilt, transfer
from impasto.model.pictures.color import brightness
from tests.model.exemplar.exemplars import noise, pebbles


def test_pixels_of_a_piece_lie_in_the_exemplar_as_they_do_in_the_quilt() -> None:
    found = quilt(pebbles(), 60, 60, QuiltingConfig(block=12))
    goes_on = (found[1:, 1:] - found[:-1, :-1] == 1).all(dim=2)
    assert goes_on.float().mean() > 0.7
    assert goes_on[2:8, 2:8].all()  # the inside of the first piece


def test_a_texture_that_repeats_goes_on_without_a_seam() -> None:
    tile = noise(6, 7)
    exemplar = Exemplar(tile.repeat(1, 5, 5))
    quilted = assembled(exemplar.pixels, quilt(exemplar, 70, 80, QuiltingConfig(block=14, overlap=4)))
    assert torch.equal(quilted[6:], quilted[:-6]) and torch.equal(quilted[:, 7:], quilted[:, :-7])


def test_one_piece_is_cut_from_the_exemplar_as_it_is() -> None:
    found = quilt(pebbles(), 9, 12, QuiltingConfig(block=12))
    assert torch.equal(found - found[0, 0], torch.cartesian_prod(torch.arange(9), torch.arange(12)).view(9, 12, 2))


def test_a_photo_is_seen_in_what_is_made_of_a_cloth() -> None:
    cloth = Exemplar(torch.linspace(0.3, 0.6, 48).expand(3, 48, 48) + 0.03 * noise(48, 48))
    photo = torch.zeros(3, 60, 60)
    photo[:, 15:45, 15:45] = 1  # brighter and darker than all of the cloth
    made = assembled(cloth.pixels, transfer(cloth, photo, TransferConfig(block=9))).permute(2, 0, 1)
    inside, outside = brightness(made)[0, 20:40, 20:40], brightness(made)[0, :10]
    assert inside.mean() - outside.mean() > 0.12


def test_passes_have_smaller_pieces_that_fit_one_another_more(monkeypatch: pytest.MonkeyPatch) -> None:
    passes = []

    def noted(exemplar: Exemplar, height: int, width: int, config: QuiltingConfig, **options: Any) -> Tensor:
        guide: Guide = options["guide"]
        passes.append((config.block, config.shared, round(guide.fitting, 6), guide.before is not None))
        return quilt(exemplar, height, width, config, **options)

    monkeypatch.setattr(module, "quilt", noted)
    transfer(pebbles(48), noise(20, 20), TransferConfig(block=36, overlap=18))
    assert passes == [(36, 18, 0.1, False), (24, 4, 0.5, True), (16, 3, 0.9, True)]
