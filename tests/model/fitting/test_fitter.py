"""A style is fitted by its vector alone, and the fit goes on from wherever it was stopped."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from impasto.model.fitting.config import FitConfig
from impasto.model.fitting.content import crops
from impasto.model.fitting.fitter import FitFailed, FitState, Fitter
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.painting.stylizer import Stylizer
from impasto.model.styles.table import StyleTable
from tests.pictures import painting

PAINTING = torch.from_numpy(painting(5)).permute(2, 0, 1) / 255
PHOTOS = crops(count=4, side=32)
CONFIG = FitConfig(passes=3, batch=2, settled=-1)


@pytest.fixture(scope="module")
def fitter(tiny_checkpoint: Checkpoint, vgg_weights: dict[str, Tensor]) -> Fitter:
    return Fitter(tiny_checkpoint, PAINTING, PHOTOS, weights=vgg_weights, config=CONFIG, device="cpu")


def finish(fitter: Fitter, state: FitState) -> FitState:
    while not state.finished:
        state = fitter.advance(state)
    return state


def error(fitter: Fitter, vector: Tensor) -> float:
    return sum(fitter.measure(vector, PHOTOS).values())


def test_a_fit_brings_the_pictures_nearer_to_the_painting(fitter: Fitter) -> None:
    start = fitter.begin()
    end = finish(fitter, start)
    assert error(fitter, end.vector) < error(fitter, start.vector)


def test_it_begins_no_farther_than_at_any_known_style(fitter: Fitter, tiny_checkpoint: Checkpoint) -> None:
    def at(vector: Tensor) -> float:
        return sum(fitter.measure(vector, PHOTOS[:2]).values())

    known = [*tiny_checkpoint.styles.vectors, tiny_checkpoint.network.identity_style()]
    assert at(fitter.begin().vector) <= min(at(vector) for vector in known) * 1.001


def test_it_begins_at_the_identity_when_there_are_no_styles(
    tiny_checkpoint: Checkpoint, vgg_weights: dict[str, Tensor]
) -> None:
    network = tiny_checkpoint.network
    bare = Checkpoint(network, StyleTable([], torch.empty(0, network.style_size)))
    state = Fitter(bare, PAINTING, PHOTOS, weights=vgg_weights, config=CONFIG, device="cpu").begin()
    assert torch.equal(state.vector, network.identity_style())


def test_nothing_but_the_new_vector_is_changed(tiny_checkpoint: Checkpoint, vgg_weights: dict[str, Tensor]) -> None:
    """Old vectors stay bit for bit what they were, and so do the pictures painted with them."""
    stylizer = Stylizer(tiny_checkpoint.network, device="cpu")
    vectors = tiny_checkpoint.styles.vectors
    before, network_id = vectors.clone(), tiny_checkpoint.network_id
    pictures = stylizer.paint(PHOTOS[:3], vectors)
    own = Fitter(tiny_checkpoint, PAINTING, PHOTOS, weights=vgg_weights, config=CONFIG, device="cpu")
    finish(own, own.begin())
    assert torch.equal(tiny_checkpoint.styles.vectors, before)
    assert tiny_checkpoint.network_id == network_id
    assert torch.equal(Stylizer(tiny_checkpoint.network, device="cpu").paint(PHOTOS[:3], vectors), pictures)


def test_stopped_after_any_pass_it_ends_with_the_same_bits(
    fitter: Fitter, tiny_checkpoint: Checkpoint, vgg_weights: dict[str, Tensor]
) -> None:
    whole = finish(fitter, fitter.begin())
    stored = json.loads(json.dumps(fitter.advance(fitter.begin()).to_json()))
    other = Fitter(tiny_checkpoint, PAINTING, PHOTOS, weights=vgg_weights, config=CONFIG, device="cpu")
    resumed = finish(other, FitState.from_json(stored))
    assert resumed.errors == whole.errors
    assert all(torch.equal(resumed.tensors[name], value) for name, value in whole.tensors.items())


def test_it_ends_early_when_nothing_is_gained_any_more(
    tiny_checkpoint: Checkpoint, vgg_weights: dict[str, Tensor]
) -> None:
    config = replace(CONFIG, passes=50, learning_rate=1e-9, settled=0.03)
    still = Fitter(tiny_checkpoint, PAINTING, PHOTOS, weights=vgg_weights, config=config, device="cpu")
    assert finish(still, still.begin()).passes == 3


def test_the_losses_of_the_last_pass_are_told(fitter: Fitter) -> None:
    state = fitter.advance(fitter.begin())
    assert state.passes == 1
    assert sum(state.losses.values()) == pytest.approx(state.errors[-1])
    assert set(state.losses) == {"content_error", "style_distance"}


def test_a_fit_that_blows_up_says_so(fitter: Fitter) -> None:
    state = fitter.begin()
    broken = {**state.tensors, "vector": torch.full_like(state.vector, float("nan"))}
    with pytest.raises(FitFailed, match="not finite"):
        fitter.advance(replace(state, tensors=broken))
