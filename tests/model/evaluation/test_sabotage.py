"""Networks that were broken on purpose are found out, each by its own measure."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.model.evaluation.sabotage import BROKEN
from impasto.model.fitting.content import crops
from impasto.model.network.checkpoint import Checkpoint, load
from impasto.model.network.config import SHIPPED
from impasto.model.network.style_network import StyleNetwork
from impasto.model.perception import artefacts

PHOTOS = crops(count=2, side=160)
PROBES = artefacts.flat_probes(160)[1:]  # grey without any noise is painted flat


@pytest.fixture(scope="module")
def shipped() -> Checkpoint:
    return load(SHIPPED)


def found(name: str, network: StyleNetwork, vectors: Tensor) -> Tensor:
    """What a measure makes of every picture in every style."""
    pictures = PROBES if name == "flat_noise" else PHOTOS
    with torch.inference_mode():
        painted = torch.cat([network(pictures, vector.expand(len(pictures), -1)) for vector in vectors])
    values: Tensor = getattr(artefacts, name)(painted)
    return values


def test_every_measure_has_a_network_that_it_must_find() -> None:
    assert set(BROKEN) == set(artefacts.THRESHOLDS) == {*artefacts.measure(PHOTOS), "flat_noise"}


@pytest.mark.parametrize("name", BROKEN)
def test_a_network_broken_on_purpose_is_found(name: str, shipped: Checkpoint) -> None:
    vectors = shipped.styles.vectors[::8]
    broken = found(name, BROKEN[name](shipped.network), vectors)
    assert broken.median() > artefacts.THRESHOLDS[name]
    assert broken.median() > found(name, shipped.network, vectors).median()


@pytest.mark.parametrize("name", BROKEN)
def test_the_network_itself_stays_whole(name: str, tiny_network: StyleNetwork) -> None:
    styles = tiny_network.identity_style().expand(len(PHOTOS), -1)
    before = tiny_network(PHOTOS, styles)
    broken = BROKEN[name](tiny_network)
    assert not torch.allclose(broken(PHOTOS, styles), before, atol=1e-3)
    assert torch.equal(tiny_network(PHOTOS, styles), before)
