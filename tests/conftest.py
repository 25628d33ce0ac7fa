"""Shared fixtures: a tiny network, its checkpoint, and a loss network of seeded random weights."""

from __future__ import annotations

import signal
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
from impasto.model.perception.loss_network import weights_file
from impasto.model.prediction import file as predictor_file
from impasto.model.styles.table import StyleTable
from tests import networks
from tests.pictures import write_paintings, write_photos

# Seconds mean nothing on a busy machine, and a test that fails must fail again.
settings.register_profile("impasto", deadline=None, max_examples=25, derandomize=True)
settings.register_profile("fuzz", deadline=None, max_examples=1000, print_blob=True)
settings.load_profile("impasto")

torch.compiler.set_stance("force_eager")  # compiling takes longer than all the tests
torch.set_num_threads(1)  # tiny networks gain nothing by more, and sums then never change their order

# Started in the background of a shell they ignore Ctrl-C, and so would the commands that they start and send it to.
signal.signal(signal.SIGINT, signal.default_int_handler)

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
        patch.delenv("SSL_CERT_FILE", raising=False)
        patch.setenv("SSL_CERT_DIR", str(home))  # no service here has TLS: certificates would be read for every request
        weights_file().parent.mkdir(parents=True)
        torch.save({f"features.{name}": value for name, value in vgg_weights.items()}, weights_file())
        yield home


@pytest.fixture(scope="session")
def tiny_config() -> NetworkConfig:
    return networks.TINY


@pytest.fixture(scope="session")
def tiny_network() -> StyleNetwork:
    return networks.tiny_network()


@pytest.fixture(scope="session")
def tiny_styles(tiny_network: StyleNetwork) -> StyleTable:
    return networks.tiny_styles(tiny_network)


@pytest.fixture(scope="session")
def tiny_checkpoint(tiny_network: StyleNetwork, tiny_styles: StyleTable) -> Checkpoint:
    return networks.tiny_checkpoint(tiny_network, tiny_styles)


@pytest.fixture(scope="session")
def tiny_checkpoint_file(tiny_checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`tiny_checkpoint` as a file; to be read only."""
    path = tmp_path_factory.mktemp("checkpoint") / "tiny.safetensors"
    checkpoint.save(tiny_checkpoint, path)
    return path


@pytest.fixture(scope="session")
def predicting_checkpoint_file(tiny_checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, with a predictor beside it."""
    path = tmp_path_factory.mktemp("predicting") / "tiny.safetensors"
    checkpoint.save(tiny_checkpoint, path)
    predictor_file.save(networks.tiny_predictor(tiny_checkpoint), predictor_file.predictor_file(path))
    return path


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of six photos of 72 × 64 pixels; to be read only."""
    return write_photos(tmp_path_factory.mktemp("content"), 6)


@pytest.fixture(scope="session")
def paintings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two paintings of 128 × 128 pixels; to be read only."""
    return write_paintings(tmp_path_factory.mktemp("paintings"), 2)
