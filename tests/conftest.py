"""Shared fixtures: a tiny network, its checkpoint, and a loss network of seeded random weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import settings
from torch import Tensor

from impasto.model.network import checkpoint
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.config import NetworkConfig
from impasto.model.network.style_network import StyleNetwork
from impasto.model.network.training_record import TrainingRecord
from impasto.model.perception.config import ObjectiveConfig
from impasto.model.perception.loss_network import weights_file
from impasto.model.styles.style import Style
from impasto.model.styles.table import StyleTable
from tests.pictures import write_paintings, write_photos

# Seconds mean nothing on a busy machine, and a test that fails must fail again.
settings.register_profile("impasto", deadline=None, max_examples=25, derandomize=True)
settings.load_profile("impasto")

torch.compiler.set_stance("force_eager")  # compiling takes longer than all the tests
torch.set_num_threads(1)  # tiny networks gain nothing by more, and sums then never change their order

REAL_WEIGHTS = weights_file()
"""Where VGG-16's weights are when the tests start, before `torch_home` replaces them."""

VGG_CHANNELS = {0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128), 10: (128, 256), 12: (256, 256),
                14: (256, 256), 17: (256, 512), 19: (512, 512), 21: (512, 512), 24: (512, 512)}  # fmt: skip
"""Index of each convolution of VGG-16 up to relu5_1 -> its channels in and out."""


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("real_loss_network") and not REAL_WEIGHTS.is_file():
        pytest.skip(f"VGG-16's weights are not at {REAL_WEIGHTS}")


def seeded_vgg_weights() -> dict[str, Tensor]:
    """Random weights of VGG-16's features up to relu5_1, scaled so that activations keep their size."""
    random = torch.Generator().manual_seed(0)
    weights = {}
    for index, (channels_in, channels_out) in VGG_CHANNELS.items():
        normal = torch.randn(channels_out, channels_in, 3, 3, generator=random)
        weights[f"{index}.weight"] = normal * (2 / (9 * channels_in)) ** 0.5
        weights[f"{index}.bias"] = torch.randn(channels_out, generator=random)
    return weights


@pytest.fixture(scope="session")
def vgg_weights() -> dict[str, Tensor]:
    """A seeded loss network."""
    return seeded_vgg_weights()


@pytest.fixture(scope="session")
def real_vgg_weights() -> dict[str, Tensor]:
    """VGG-16's own weights, for tests marked `real_loss_network`."""
    state = torch.load(REAL_WEIGHTS, map_location="cpu", weights_only=True)
    return {name.removeprefix("features."): value for name, value in state.items()}


@pytest.fixture(scope="session", autouse=True)
def torch_home(vgg_weights: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A TORCH_HOME that holds `vgg_weights` as torchvision's file; processes that a test starts see it too."""
    home = tmp_path_factory.mktemp("torch-home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCH_HOME", str(home))
        patch.setenv("TORCHDYNAMO_DISABLE", "1")
        patch.setenv("OMP_NUM_THREADS", "1")
        weights_file().parent.mkdir(parents=True)
        torch.save({f"features.{name}": value for name, value in vgg_weights.items()}, weights_file())
        yield home


@pytest.fixture(scope="session")
def tiny_config() -> NetworkConfig:
    return NetworkConfig(widths=(4, 6, 8), residual_blocks=1)


@pytest.fixture(scope="session")
def tiny_network(tiny_config: NetworkConfig) -> StyleNetwork:
    """A network of seeded weights, larger than at the start of a training, so that styles show."""
    torch.manual_seed(0)
    network = StyleNetwork(tiny_config)
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(10)
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="session")
def tiny_styles(tiny_network: StyleNetwork) -> StyleTable:
    """Three styles with seeded vectors."""
    random = torch.Generator().manual_seed(1)
    vectors = tiny_network.identity_style() + 0.5 * torch.randn(3, tiny_network.style_size, generator=random)
    styles = [
        Style("great-wave", "The Great Wave", "Hokusai", "1831", "public domain"),
        Style("starry-night", "The Starry Night", "Vincent van Gogh", "1889", "public domain"),
        Style("the-scream", "The Scream", "Edvard Munch", "1893", "public domain"),
    ]
    return StyleTable(styles, vectors)


@pytest.fixture(scope="session")
def tiny_checkpoint(tiny_network: StyleNetwork, tiny_styles: StyleTable) -> Checkpoint:
    training = TrainingRecord(
        steps=3,
        objective=ObjectiveConfig(painting_size=64),
        losses={"total": 2.5, "content_error": 0.5, "style_distance": 0.25},
        held_out=("photo-0.jpg",),
        revision="abcdef123456",
        config={"steps": 3, "crop": 32},
    )
    return Checkpoint(tiny_network, tiny_styles, training)


@pytest.fixture(scope="session")
def tiny_checkpoint_file(tiny_checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`tiny_checkpoint` as a file; to be read only."""
    path = tmp_path_factory.mktemp("checkpoint") / "tiny.safetensors"
    checkpoint.save(tiny_checkpoint, path)
    return path


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of six photos of 72 × 64 pixels; to be read only."""
    return write_photos(tmp_path_factory.mktemp("content"), 6)


@pytest.fixture(scope="session")
def paintings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two paintings of 128 × 128 pixels; to be read only."""
    return write_paintings(tmp_path_factory.mktemp("paintings"), 2)
