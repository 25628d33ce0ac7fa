"""The network that is handed to other converters."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from impasto.model.export.plain_network import PlainNetwork
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.config import Which
from impasto.model.network.style_network import StyleNetwork


@pytest.mark.parametrize("which", ["large", "small"])
def test_it_paints_what_the_network_paints_which_stays_as_it_was(tiny_checkpoint: Checkpoint, which: Which) -> None:
    source = tiny_checkpoint.of(which)
    network, styles = source.network, source.styles.vectors[:2]
    images = torch.rand(2, 3, 37, 52, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        before = network(images, styles)
        painting = PlainNetwork(network)(images, styles)
        torch.testing.assert_close(painting, before, rtol=0, atol=1e-5)
        assert torch.equal(network(images, styles), before)


def test_its_normalizations_are_means_as_converters_know_them(tiny_network: StyleNetwork) -> None:
    with Computed() as computed, torch.no_grad():
        PlainNetwork(tiny_network)(torch.zeros(1, 3, 32, 32), tiny_network.identity_style()[None])
    assert {"mean", "rsqrt", "convolution"} <= computed.operators
    assert computed.operators.isdisjoint({"var_mean", "var", "std", "sum", "native_batch_norm", "native_group_norm"})


class Computed(TorchDispatchMode):
    """Which operators are."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operators: set[str] = set()

    def __torch_dispatch__(self, operator: Any, _: Any, inputs: Any = (), options: Any = None) -> Any:
        self.operators.add(operator.overloadpacket.__name__)
        return operator(*inputs, **(options or {}))
