"""A style of a former network, for the one that has taken its place."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from impasto.model.errors import InvalidValue
from impasto.model.fitting.content import crops
from impasto.model.fitting.migration import Migration
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.style_network import StyleNetwork
from impasto.model.styles.fit_record import FitRecord
from impasto.model.styles.pack import StylePack
from impasto.model.styles.style import Style

PHOTOS, OTHERS = crops(count=4, side=32), crops(count=2, side=32, seed=1)


@pytest.fixture(scope="module")
def former(tiny_checkpoint: Checkpoint) -> Checkpoint:
    """The same network before the last of its training."""
    network = StyleNetwork(tiny_checkpoint.network.config)
    generator = torch.Generator().manual_seed(1)
    weights = tiny_checkpoint.network.state_dict()
    moved = {name: value + 0.02 * torch.randn(value.shape, generator=generator) for name, value in weights.items()}
    network.load_state_dict(moved)
    return Checkpoint(network.requires_grad_(False), tiny_checkpoint.styles, tiny_checkpoint.training)


@pytest.fixture
def pack(former: Checkpoint) -> StylePack:
    vector = former.styles.blend({"great-wave": 0.5, "the-scream": 0.5}) + 0.1
    return StylePack(Style("mine", "Mine"), vector, former.network_id, FitRecord(passes=3, grade="good"))


def test_it_paints_nearly_what_the_former_network_painted(
    tiny_checkpoint: Checkpoint, former: Checkpoint, pack: StylePack
) -> None:
    migration = Migration(former, tiny_checkpoint, PHOTOS, OTHERS, device="cpu")
    moved = migration.migrate(pack)
    assert moved.network_id == tiny_checkpoint.network_id and moved.style == pack.style
    assert moved.small and moved.small.network_id == tiny_checkpoint.of("small").network_id

    def difference(vector: torch.Tensor, photos: torch.Tensor) -> float:
        painted = tiny_checkpoint.network(photos, vector.expand(len(photos), -1))
        return 255 * float((former.network(photos, pack.vector.expand(len(photos), -1)) - painted).abs().mean())

    assert difference(moved.vector, PHOTOS) < 0.8 * difference(migration.start(pack), PHOTOS)
    of_others = difference(moved.vector, OTHERS)  # by which it is judged
    said = f"learned from what network {former.network_id} painted, with {of_others:.1f} of 255 between them"
    assert moved.fit == FitRecord(message=said)  # what was measured of it was measured on the former one


def test_networks_that_have_not_followed_one_another_are_refused(
    tiny_checkpoint: Checkpoint, former: Checkpoint
) -> None:
    with pytest.raises(InvalidValue, match="its styles need not be migrated"):
        Migration(tiny_checkpoint, tiny_checkpoint, PHOTOS, OTHERS)
    strangers = replace(former, styles=former.styles.joined([Style("other", "Other")], [former.styles.vectors[0]]))
    for style_id in former.styles.ids:
        strangers = strangers.without(style_id)
    with pytest.raises(InvalidValue, match="knows none of this one's styles"):
        Migration(strangers, tiny_checkpoint, PHOTOS, OTHERS)
