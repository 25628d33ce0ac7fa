"""Each place of a picture comes to be as some place of a painting is."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.model.optimization import neighbors
from impasto.model.optimization.neighbors import (
    HYPERCOLUMN,
    Hypercolumns,
    NeighborTerm,
    SplitTerm,
    neighbor_term,
    rotations,
    sought,
    split_terms,
)
from impasto.model.optimization.terms import Term
from impasto.model.perception.loss_network import LossNetwork

LAYERS = {"relu1_1": 0.5, "relu3_1": 0.3, "relu4_1": 0.2}


@pytest.fixture(scope="module")
def network(vgg_weights: dict[str, Tensor]) -> LossNetwork:
    return LossNetwork(LAYERS, vgg_weights)


@pytest.fixture(scope="module")
def hypercolumns(network: LossNetwork) -> Hypercolumns:
    return Hypercolumns(network, LAYERS)


def noise(height: int, width: int, seed: int) -> Tensor:
    """(1, 3, H, W), of patches."""
    small = torch.rand(1, 3, height // 4, width // 4, generator=torch.Generator().manual_seed(seed))
    return F.interpolate(small, size=(height, width), mode="bicubic").clamp(0, 1)


def test_a_hypercolumn_is_what_all_layers_see_of_a_place(network: LossNetwork, hypercolumns: Hypercolumns) -> None:
    features = network(noise(32, 48, seed=0))
    columns = hypercolumns(noise(32, 48, seed=0))[HYPERCOLUMN]
    assert columns.shape == (1, 64 + 256 + 512, 8, 12)
    shallow, deep = features["relu1_1"], features["relu3_1"]
    torch.testing.assert_close(columns[0, :64, 1, 2], 0.5 / 64 * shallow[0, :, 4:8, 8:12].mean((1, 2)))
    torch.testing.assert_close(columns[0, 64:320], 0.3 / 256 * deep[0])


def test_paintings_are_looked_at_from_four_sides() -> None:
    painting = noise(32, 48, seed=0)[0]
    turned = rotations(painting)
    assert [tuple(each.shape[1:]) for each in turned] == [(32, 48), (48, 32), (32, 48), (48, 32)]
    assert torch.equal(turned[0], painting) and torch.equal(turned[2], painting.flip(1, 2))


@pytest.mark.parametrize("turns", range(4))
def test_the_painting_itself_is_its_own_neighbour_however_it_is_turned(hypercolumns: Hypercolumns, turns: int) -> None:
    painting = noise(48, 48, seed=0)
    turned = painting.rot90(turns, (2, 3))
    term = neighbor_term(hypercolumns, painting[0], turned, 1.0)
    assert term(turned, hypercolumns(turned)).item() < 1e-5
    other = noise(48, 48, seed=1)
    assert neighbor_term(hypercolumns, painting[0], other, 1.0)(other, hypercolumns(other)).item() > 0.01


def test_the_nearest_is_the_greatest_cosine_of_what_differs_from_the_mean(
    hypercolumns: Hypercolumns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbors, "rotations", lambda painting: [painting])
    painting, image = noise(32, 40, seed=0), noise(32, 48, seed=1)
    theirs, own = (hypercolumns(each)[HYPERCOLUMN][0].flatten(1).T for each in (painting, image))
    nearest = (F.normalize(own - own.mean(0)) @ F.normalize(theirs - theirs.mean(0)).T).argmax(dim=1)
    found = neighbor_term(hypercolumns, painting[0], image, 1.0).target[0].flatten(1).T
    torch.testing.assert_close(found, theirs[nearest], rtol=1e-4, atol=1e-5)


def test_the_loss_is_one_less_the_cosine_and_knows_no_brightness() -> None:
    target = torch.randn(1, 6, 4, 4, generator=torch.Generator().manual_seed(0))
    term = NeighborTerm(target, weight=2)
    assert term(target, {HYPERCOLUMN: 5 * target}).item() == pytest.approx(0, abs=1e-6)
    assert term(target, {HYPERCOLUMN: -target}).item() == pytest.approx(4)


def test_large_paintings_are_thinned_evenly(hypercolumns: Hypercolumns, monkeypatch: pytest.MonkeyPatch) -> None:
    painting, image = noise(64, 64, seed=0), noise(64, 64, seed=1)
    whole = neighbor_term(hypercolumns, painting[0], image, 1.0).target
    monkeypatch.setattr(neighbors, "MOST", 64)
    thinned = neighbor_term(hypercolumns, painting[0], image, 1.0).target
    assert thinned.shape == whole.shape
    assert len(thinned[0].flatten(1).unique(dim=1).T) <= 4 * 64 < len(whole[0].flatten(1).T) * 4


def test_what_is_sought_is_the_photo_with_some_of_the_pictures_shapes() -> None:
    photo, picture = noise(32, 32, seed=0), noise(32, 32, seed=1)
    assert torch.equal(sought(photo, picture, 1.0), photo)
    torch.testing.assert_close(sought(photo, photo, 0.25), photo)
    half, none = sought(photo, picture, 0.5), sought(photo, picture, 0.0)
    torch.testing.assert_close(half, (photo + none) / 2)
    assert (none - picture).abs().mean() < (none - photo).abs().mean()


def test_at_the_end_the_painting_is_its_own_neighbour_too(network: LossNetwork) -> None:
    painting, other = noise(64, 48, seed=0), noise(64, 48, seed=1)
    terms = split_terms(network, LAYERS, painting[0], 1.0, seed=0)
    assert [term.layer for term in terms] == list(LAYERS)
    assert sum(float(term(painting, network(painting))) for term in terms) < 1e-5
    again = split_terms(network, LAYERS, painting[0], 1.0, seed=0)
    assert sum(float(term(other, network(other))) for term in again) > 0.1


def test_which_places_are_looked_at_is_seeded_and_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbors, "SPLIT", 4)
    monkeypatch.setattr(neighbors, "REMATCHED", 2)
    painting, picture = noise(32, 32, seed=0), noise(32, 32, seed=1)

    def losses(seed: int) -> list[float]:
        term = SplitTerm("relu1_1", [painting[0]], seed=seed)
        return [float(term(picture, {"relu1_1": picture})) for _ in range(6)]

    assert losses(1) == losses(1) != losses(2)
    assert losses(1)[0] == losses(1)[1] and len(set(losses(1))) > 1


@pytest.mark.parametrize("kind", ["neighbor", "split"])
def test_gradients_are_those_of_finite_differences(vgg_weights: dict[str, Tensor], kind: str) -> None:
    network = LossNetwork(["relu1_1", "relu2_1"], vgg_weights).double()
    layers, painting = {"relu1_1": 0.5, "relu2_1": 0.5}, noise(16, 16, seed=0).double()
    image = noise(8, 8, seed=1).double().requires_grad_()
    hypercolumns = Hypercolumns(network, layers)
    terms: list[Term] = [neighbor_term(hypercolumns, painting[0], image.detach(), 1.0)]
    if kind == "split":
        terms = [*split_terms(network, layers, painting[0], 1.0, seed=0)]

    def loss(image: Tensor) -> Tensor:
        features = hypercolumns(image) if kind == "neighbor" else network(image)
        return torch.stack([term(image, features) for term in terms]).sum()

    loss(image.detach())
    assert torch.autograd.gradcheck(loss, image, eps=1e-7, atol=1e-4, rtol=1e-3)


def test_a_picture_of_one_colour_has_a_finite_gradient(network: LossNetwork, hypercolumns: Hypercolumns) -> None:
    image = torch.full((1, 3, 32, 32), 0.5, requires_grad=True)
    for painting in (image[0].detach(), noise(32, 32, seed=0)[0]):
        loss = neighbor_term(hypercolumns, painting, image.detach(), 1.0)(image, hypercolumns(image))
        loss += sum(term(image, network(image)) for term in split_terms(network, LAYERS, painting, 1.0, seed=0))
        (gradient,) = torch.autograd.grad(loss, image)
        assert gradient.isfinite().all()
