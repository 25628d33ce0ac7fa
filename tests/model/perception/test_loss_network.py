"""The loss network: its layers, its pooling, and where its weights come from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.models import VGG19_Weights, get_model, get_weight

from impasto.model.perception.config import Pooling
from impasto.model.perception.loss_network import (
    ARCHITECTURES,
    LAYERS,
    LossNetwork,
    LossNetworkMissing,
    load_weights,
    save_weights,
    weights_file,
)
from tests.conftest import VGG_CHANNELS

PAPER_LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")


def random_images(count: int = 1, side: int = 32) -> Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(0))


def reference(images: Tensor, weights: Mapping[str, Tensor], pooling: Pooling) -> dict[str, Tensor]:
    """VGG-16 up to relu4_3, written down once more."""
    x = images * 255 - torch.tensor([123.68, 116.779, 103.939]).view(3, 1, 1)
    found = {}
    block, conv = 1, 1
    for index in range(23):
        if index in VGG_CHANNELS:
            x = F.conv2d(x, weights[f"{index}.weight"], weights[f"{index}.bias"], padding=1)
        elif index in (4, 9, 16):
            x = F.avg_pool2d(x, 2) if pooling == "average" else F.max_pool2d(x, 2)
            block, conv = block + 1, 1
        else:
            x = x.relu()
            found[f"relu{block}_{conv}"] = x
            conv += 1
    return found


@pytest.mark.parametrize(("name", "last"), [("vgg16", "relu5_3"), ("vgg19", "relu5_4")])
def test_every_named_layer_is_a_relu_of_torchvisions_network(name: str, last: str) -> None:
    with torch.device("meta"):
        features = get_model(name, weights=None, init_weights=False).features
    relus = [index for index, module in enumerate(features) if isinstance(module, torch.nn.ReLU)]
    layers = ARCHITECTURES[name].layers
    assert list(layers.values()) == relus
    assert list(layers)[:3] + list(layers)[-1:] == ["relu1_1", "relu1_2", "relu2_1", last]


@pytest.mark.parametrize("pooling", ["average", "max"])
def test_activations_are_vgg16s_with_the_pooling_asked_for(
    by_pytorch: None, vgg_weights: dict[str, Tensor], pooling: Pooling
) -> None:
    images = random_images(2)
    found = LossNetwork(PAPER_LAYERS, vgg_weights, pooling=pooling)(images)
    expected = reference(images, vgg_weights, pooling)
    assert tuple(found) == PAPER_LAYERS
    for layer in PAPER_LAYERS:
        torch.testing.assert_close(found[layer], expected[layer], rtol=1e-4, atol=1e-2)


def test_average_pooling_is_the_default(vgg_weights: dict[str, Tensor]) -> None:
    found = LossNetwork(["relu2_2"], vgg_weights)(random_images())["relu2_2"]
    average = LossNetwork(["relu2_2"], vgg_weights, pooling="average")(random_images())["relu2_2"]
    largest = LossNetwork(["relu2_2"], vgg_weights, pooling="max")(random_images())["relu2_2"]
    assert torch.equal(found, average)
    assert not torch.allclose(found, largest)


def test_a_named_activation_keeps_its_values_when_deeper_ones_are_computed(vgg_weights: dict[str, Tensor]) -> None:
    alone = LossNetwork(["relu1_1"], vgg_weights)(random_images())["relu1_1"]
    together = LossNetwork(["relu1_1", "relu1_2"], vgg_weights)(random_images())["relu1_1"]
    assert torch.equal(alone, together)


def test_no_layer_beyond_the_deepest_is_built(vgg_weights: dict[str, Tensor]) -> None:
    network = LossNetwork(["relu1_2", "relu3_3"], vgg_weights)
    assert len(network.features) == LAYERS["relu3_3"] + 1


def test_deepest_stops_earlier_with_the_same_values(vgg_weights: dict[str, Tensor]) -> None:
    network = LossNetwork(PAPER_LAYERS, vgg_weights)
    whole, part = network(random_images()), network(random_images(), deepest="relu3_3")
    assert tuple(part) == PAPER_LAYERS[:3]
    assert all(torch.equal(part[layer], whole[layer]) for layer in part)


def test_the_loss_network_is_frozen_but_lets_gradients_through(vgg_weights: dict[str, Tensor]) -> None:
    network = LossNetwork(["relu1_2"], vgg_weights)
    images = random_images().requires_grad_()
    network(images)["relu1_2"].sum().backward()
    assert not any(weight.requires_grad for weight in network.parameters())
    assert not network.features.training
    assert images.grad is not None
    assert images.grad.abs().sum() > 0


def test_images_are_left_as_they_were(vgg_weights: dict[str, Tensor]) -> None:
    images = random_images()
    LossNetwork(["relu1_2"], vgg_weights)(images)
    assert torch.equal(images, random_images())


def test_an_unknown_layer_is_an_error(vgg_weights: dict[str, Tensor]) -> None:
    with pytest.raises(ValueError, match=r"vgg16 has no layer relu9_9; it has relu1_1, .* relu5_3"):
        LossNetwork(["relu9_9", "relu1_1"], vgg_weights)


def test_weights_that_end_before_the_deepest_layer_are_an_error(vgg_weights: dict[str, Tensor]) -> None:
    with pytest.raises(LossNetworkMissing, match=r"end before relu5_3; `impasto fetch` writes"):
        LossNetwork(["relu1_1", "relu5_3"], vgg_weights)


def test_vgg19_sees_what_torchvisions_transforms_would_give_it(vgg_weights: dict[str, Tensor]) -> None:
    """Its first block is VGG-16's, but for pictures that are divided by a standard deviation."""
    images = random_images()
    preset = VGG19_Weights.IMAGENET1K_V1.transforms()
    normalized = (images - torch.tensor(preset.mean).view(3, 1, 1)) / torch.tensor(preset.std).view(3, 1, 1)
    found = LossNetwork(["relu1_1"], vgg_weights, name="vgg19")(images)["relu1_1"]
    expected = F.conv2d(normalized, vgg_weights["0.weight"], vgg_weights["0.bias"], padding=1).relu()
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_features_have_the_precision_of_the_weights(vgg_weights: dict[str, Tensor]) -> None:
    network = LossNetwork(["relu1_2"], vgg_weights)
    exact = network(random_images())["relu1_2"]
    network.features.to(torch.bfloat16)
    rounded = network(random_images())["relu1_2"]
    assert rounded.dtype == torch.bfloat16
    torch.testing.assert_close(rounded.float(), exact, rtol=0.05, atol=2.0)


def test_weights_of_another_network_are_an_error(vgg_weights: dict[str, Tensor]) -> None:
    with pytest.raises(RuntimeError, match="size mismatch"):
        LossNetwork(["relu1_1"], {**vgg_weights, "0.weight": torch.zeros(8, 3, 3, 3)})


def test_cached_weights_are_found_by_torch_home(torch_home: Path, vgg_weights: dict[str, Tensor]) -> None:
    for architecture in ARCHITECTURES.values():
        assert get_weight(architecture.weights).url == architecture.url
    assert weights_file() == torch_home / "hub/checkpoints/vgg16_features-amdegroot-88682ab5.pth"
    loaded = load_weights()
    assert loaded.keys() == vgg_weights.keys()
    assert all(torch.equal(loaded[name], value) for name, value in vgg_weights.items())


def test_a_kept_file_is_taken_as_far_as_it_goes(vgg_weights: dict[str, Tensor], tmp_path: Path) -> None:
    kept = tmp_path / "kept.safetensors"
    assert load_weights(kept, layers=["relu1_1"]).keys() == vgg_weights.keys()
    save_weights(vgg_weights, ["relu3_1"], kept)
    assert load_weights(kept, layers=["relu1_1", "relu3_1"]).keys() < vgg_weights.keys()
    assert load_weights(kept, layers=["relu3_1", "relu3_2"]).keys() == vgg_weights.keys()


def test_nothing_is_downloaded_where_that_is_not_wanted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda *_, **__: pytest.fail("downloaded"))
    with pytest.raises(LossNetworkMissing, match="`impasto fetch`"):
        load_weights(tmp_path / "kept.safetensors", download=False)


def test_offline_and_not_cached_names_the_file_and_where_to_put_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def offline(*_: Any, **__: Any) -> None:
        raise URLError("no network")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    with pytest.raises(LossNetworkMissing) as caught:
        load_weights()
    assert str(tmp_path / "hub/checkpoints/vgg16_features-amdegroot-88682ab5.pth") in str(caught.value)
    assert "https://download.pytorch.org/models/vgg16_features-amdegroot-88682ab5.pth" in str(caught.value)
    assert "TORCH_HOME" in str(caught.value)
    assert "no network" in str(caught.value)
    assert "`impasto fetch`" in str(caught.value)


def test_a_download_must_have_the_hash_in_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen = {}

    def download(url: str, file: str, hash_prefix: str | None = None, **_: Any) -> None:
        seen[url] = hash_prefix
        raise RuntimeError("invalid hash value")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    with pytest.raises(LossNetworkMissing, match="invalid hash value"):
        load_weights()
    assert list(seen.values()) == ["88682ab5"]


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"PK\x03\x04 cut short"])
def test_a_broken_cached_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    weights_file().parent.mkdir(parents=True)
    weights_file().write_bytes(content)
    with pytest.raises(LossNetworkMissing, match=r"vgg16_features-amdegroot-88682ab5\.pth"):
        load_weights()


@pytest.mark.real_loss_network
def test_the_real_weights_are_the_caffe_ones(real_vgg_weights: dict[str, Tensor]) -> None:
    """Of the mean picture nothing is left but the biases, and every activation is finite."""
    weights = real_vgg_weights
    mean = torch.tensor([123.68, 116.779, 103.939]).view(1, 3, 1, 1).expand(1, 3, 32, 32) / 255
    found = LossNetwork(["relu1_1", "relu4_3"], weights)
    biases = weights["0.bias"].relu().view(1, 64, 1, 1).expand(1, 64, 32, 32)
    torch.testing.assert_close(found(mean)["relu1_1"], biases, rtol=1e-3, atol=1e-3)
    assert 100 < found(random_images())["relu4_3"].max() < 100_000
