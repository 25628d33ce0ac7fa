"""A picture becomes one of a painting's patches."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.model.optimization import mrf
from impasto.model.optimization.config import Stop, TransferConfig
from impasto.model.optimization.mrf import REMATCHED, PatchTerm
from impasto.model.optimization.patches import Patches
from impasto.model.optimization.style_transfer import StyleTransfer
from impasto.model.perception.loss_network import LossNetwork
from impasto.model.perception.losses import relative_error
from impasto.model.pictures.images import TooSmall

LAYER = "relu2_1"


@pytest.fixture(scope="module")
def network(vgg_weights: dict[str, Tensor]) -> LossNetwork:
    return LossNetwork([LAYER], vgg_weights)


def noise(height: int, width: int, seed: int) -> Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


def test_a_part_of_the_painting_has_no_loss_and_another_picture_has() -> None:
    painting = noise(8, 9, seed=1)[0]
    term = PatchTerm(LAYER, painting)
    assert term(painting, {LAYER: painting[None, :, 2:7, 1:8]}).item() < 1e-10
    assert PatchTerm(LAYER, painting)(painting, {LAYER: noise(8, 9, seed=2)}).item() > 0.01


def test_the_loss_is_the_distance_from_the_nearest_patches_put_together(network: LossNetwork) -> None:
    painting, picture = network(noise(32, 40, seed=1))[LAYER], network(noise(24, 32, seed=2))
    bank = Patches([painting[0]], 3)
    expected = 2 * relative_error(picture[LAYER], bank.assembled(bank.nearest(picture[LAYER][0]))[None])
    assert PatchTerm(LAYER, painting[0], weight=2)(painting, picture).item() == pytest.approx(expected.item())


def test_its_gradient_is_that_of_all_patches_divided_by_how_many_lie_over_a_place() -> None:
    painting, picture = noise(7, 7, seed=1)[0].double(), noise(6, 6, seed=2).double().requires_grad_()
    bank = Patches([painting], 3)
    numbers = bank.nearest(picture[0].detach())
    chosen = torch.nn.functional.unfold(painting[None], 3)[0].T[numbers.flatten()].T
    apart = (torch.nn.functional.unfold(picture, 3)[0] - chosen).square().sum()
    (of_patches,) = torch.autograd.grad(apart, picture)
    count = torch.nn.functional.fold(torch.ones_like(chosen)[None], (6, 6), 3)
    (found,) = torch.autograd.grad(PatchTerm(LAYER, painting)(painting, {LAYER: picture}), picture)
    torch.testing.assert_close(found * bank.assembled(numbers).square().sum(), of_patches / count)


def test_patches_are_sought_for_the_picture_as_it_is_every_so_many_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Tensor] = []
    nearest = Patches.nearest

    def watched(self: Patches, features: Tensor) -> Tensor:
        seen.append(features)
        return nearest(self, features)

    monkeypatch.setattr(Patches, "nearest", watched)
    term, pictures = PatchTerm(LAYER, noise(7, 7, seed=1)[0]), [noise(6, 6, seed) for seed in range(2 * REMATCHED + 1)]
    for picture in pictures:
        term(picture, {LAYER: picture})
    assert [torch.equal(each, pictures[n * REMATCHED][0]) for n, each in enumerate(seen)] == [True] * 3


def test_a_picture_comes_nearer_to_the_paintings_patches_with_new_ones_than_with_the_first(
    small_photo: Tensor, small_painting: Tensor, vgg_weights: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = TransferConfig(
        method="mrf", content_layers=("relu2_1",), style_layers=("relu2_1",), sizes=1, precision="float32",
        content_weight=0.1, stop=Stop(steps=30),
    )  # fmt: skip

    def painted() -> float:
        *_, last = StyleTransfer(small_photo, [small_painting], config, weights=vgg_weights).run()
        again = StyleTransfer(small_photo, [small_painting], config, weights=vgg_weights).objective((48, 64))
        return float(again(last.variable)["patches"])

    begun = StyleTransfer(small_photo, [small_painting], config, weights=vgg_weights).objective((48, 64))
    often = painted()
    monkeypatch.setattr(mrf, "REMATCHED", 1000)
    assert often < painted() < float(begun(small_photo[None])["patches"])


def test_a_layer_that_sees_less_than_a_patch_is_refused(
    small_photo: Tensor, small_painting: Tensor, vgg_weights: dict[str, Tensor]
) -> None:
    config = TransferConfig(method="mrf", style_layers=("relu5_1",), size=32, sizes=1, precision="float32")
    with pytest.raises(TooSmall, match="than a patch"):
        list(StyleTransfer(small_photo[:, :, :48], [small_painting], config, weights=vgg_weights).run())
