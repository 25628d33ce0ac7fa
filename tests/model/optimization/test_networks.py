"""Networks that are looked at: VGG as elsewhere, Inception by torchvision's own names."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torchvision.models import GoogLeNet_Weights, Inception_V3_Weights, googlenet

from impasto.model.optimization.config import DreamConfig, FeaturePrecision
from impasto.model.optimization.networks import INCEPTIONS, load_network
from impasto.model.perception.loss_network import cached

CPU = torch.device("cpu")
GOOGLENET = DreamConfig(network="googlenet", precision="float32")


def test_vgg_is_built_in_the_precision_asked_for(vgg_weights: dict[str, Tensor]) -> None:
    image = torch.rand(1, 3, 32, 32)
    precisions: tuple[FeaturePrecision, ...] = ("float32", "bfloat16")
    for precision in precisions:
        network = load_network(DreamConfig(precision=precision), ["relu1_1"], CPU, vgg_weights)
        assert network(image)["relu1_1"].dtype == getattr(torch, precision)


def test_inceptions_files_are_torchvisions() -> None:
    for weights in (GoogLeNet_Weights, Inception_V3_Weights):
        member = weights.IMAGENET1K_V1
        assert (str(member), member.url) in INCEPTIONS.values()


@pytest.fixture
def cached_googlenet(torch_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> torch.nn.Module:
    """A GoogLeNet of random weights, where torchvision would keep the real ones."""
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its initialisation is slow, and said to be
        network: torch.nn.Module = googlenet(weights=None, aux_logits=True, init_weights=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    file = cached(INCEPTIONS["googlenet"][1])
    file.parent.mkdir(parents=True)
    torch.save(network.state_dict(), file)
    return network.eval()


def test_googlenet_gives_the_features_of_torchvisions_module(cached_googlenet: torch.nn.Module) -> None:
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    network = load_network(GOOGLENET, ["inception3a"], CPU)
    expected: dict[str, Tensor] = {}
    module = cached_googlenet.get_submodule("inception3a")
    module.register_forward_hook(lambda module, arguments, output: expected.update(features=output))
    cached_googlenet(image * 2 - 1)  # what its own transform makes of normalised pictures
    torch.testing.assert_close(network(image)["inception3a"], expected["features"], rtol=1e-3, atol=1e-3)


def test_a_layer_that_googlenet_does_not_have_is_named(cached_googlenet: torch.nn.Module) -> None:
    with pytest.raises(ValueError, match=r"googlenet has no layer relu4_3; it has .*inception4c"):
        load_network(GOOGLENET, ["relu4_3"], CPU)
