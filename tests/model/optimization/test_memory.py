"""Memory is known before it is taken."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from impasto.model.optimization import memory
from impasto.model.optimization.memory import TooLarge, check_memory, memory_free, memory_needed
from impasto.model.perception.loss_network import LossNetwork
from impasto.model.perception.rectified_convolution import RectifiedConvolution

CPU = torch.device("cpu")
ROOT = Path(__file__).parents[3]


@pytest.fixture
def network(vgg_weights: dict[str, Tensor]) -> LossNetwork:
    return LossNetwork(["relu1_2"], vgg_weights)


def test_what_is_needed_grows_with_pixels_and_holds_what_autograd_keeps(network: LossNetwork) -> None:
    small, large = (memory_needed(network, (side, side), "gradient") for side in (64, 128))
    assert large == pytest.approx(4 * small, rel=0.01)
    two_layers_of_64_channels = 2 * 64 * 64 * 64 * 4
    assert two_layers_of_64_channels < small < 6 * two_layers_of_64_channels


def test_what_is_compared_value_by_value_counts_too(network: LossNetwork) -> None:
    more = memory_needed(network, (64, 64), "adam", ["relu1_2"]) - memory_needed(network, (64, 64), "adam")
    assert more > 2 * 64 * 64 * 64 * 4


MEASURED = """
import torch
from collections import deque
from pathlib import Path
from impasto.model.optimization import memory
from impasto.model.optimization.config import Stop
from impasto.model.optimization.style_transfer import StyleTransfer
from impasto.model.optimization.config import TransferConfig
from tests.conftest import seeded_vgg_weights

def held(what):  # not getrusage, which begins with what the parent had
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(what))
    return int(line.split()[1]) * 1024

torch.set_num_threads(1)
photo = torch.rand(3, 384, 384)
config = TransferConfig(
    method="METHOD", content_layers=("relu1_2",), style_layers=("relu1_1", "relu1_2"), optimizer="adam",
    precision="float32", sizes=1, size=SIZE, stop=Stop(steps=2),
)
said = []
of_memory = memory.memory_needed
memory.memory_needed = lambda *arguments: said.append(of_memory(*arguments)) or said[-1]
transfer = StyleTransfer(photo, [photo.flip(2)], config, weights=seeded_vgg_weights())
ballast = torch.ones((held("VmHWM") - held("VmRSS")) // 4)  # in the room of what has been freed by now
before = held("VmRSS")
deque(transfer.run(), maxlen=1)
print((held("VmHWM") - before) / max(said))
"""


@pytest.mark.parametrize(("method", "size"), [("gram", 384), ("neighbors", 192)])
def test_no_more_is_taken_than_was_said(method: str, size: int) -> None:
    script = MEASURED.replace("METHOD", method).replace("SIZE", str(size))
    given_back = os.environ | {"MALLOC_MMAP_THRESHOLD_": "131072"}  # when it is freed: else what is kept varies
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=given_back, capture_output=True, text=True, check=True
    )
    assert 0.3 < float(result.stdout) <= 1


def test_where_gradients_are_off_they_are_counted_all_the_same(network: LossNetwork) -> None:
    expected = memory_needed(network, (64, 64), "adam")
    with torch.no_grad():
        assert memory_needed(network, (64, 64), "adam") == expected


def test_half_the_precision_needs_nearly_half_the_memory(network: LossNetwork) -> None:
    exact = memory_needed(network, (64, 64), "gradient")
    network.features.to(torch.bfloat16)
    assert 0.4 * exact < memory_needed(network, (64, 64), "gradient") < 0.7 * exact


def test_lbfgs_needs_its_history(network: LossNetwork) -> None:
    images = (memory_needed(network, (64, 64), "lbfgs") - memory_needed(network, (64, 64), "adam")) / (3 * 64 * 64 * 4)
    assert images > 2 * 10


def test_to_look_at_a_picture_needs_less_than_to_change_it(network: LossNetwork) -> None:
    looked_at = memory_needed(network, (64, 64), None)
    assert 64 * 64 * 64 * 4 < looked_at < memory_needed(network, (64, 64), "gradient")


def test_the_network_itself_is_left_as_it_was(network: LossNetwork) -> None:
    memory_needed(network, (64, 64), "adam")
    assert network.features[0].convolution.weight.device == CPU
    assert not any(module._forward_hooks for module in network.modules())


def test_what_does_not_fit_is_refused_with_the_largest_size_that_does(
    network: LossNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_kernels = sum(each.bytes_prepared for each in network.modules() if isinstance(each, RectifiedConvolution))
    quarter = (memory_needed(network, (100, 200), "adam") + of_kernels) / memory.SPARE
    monkeypatch.setattr(memory, "memory_free", lambda device: quarter)
    check_memory(network, (99, 199), "adam", CPU)
    with pytest.raises(
        TooLarge, match=r"picture at 400 × 200 pixels needs about .* that fits is (199 × 99|200 × 100)$"
    ):
        check_memory(network, (200, 400), "adam", CPU)


def test_a_containers_limit_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    machine = memory_free(CPU)
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("400000\n")
    (tmp_path / "memory.stat").write_text("anon 300000\ninactive_file 100000\n")
    assert memory_free(CPU) == 700_000  # Linux gives up its cache of files first
    (tmp_path / "memory.max").write_text("max\n")
    assert memory_free(CPU) == pytest.approx(machine, rel=0.2)
