"""The network as an ONNX file: ONNX Runtime paints with it what the facade paints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from impasto.model.export.network_file import network_file
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.fast_network import FastNetwork
from impasto.model.network.style_network import StyleNetwork
from impasto.model.painting.stylizer import Stylizer
from impasto.model.styles.table import StyleTable

PARITY = 10**-4.5
"""Mean square of the differences: 45 dB."""


def session(file: bytes, **options: Any) -> onnxruntime.InferenceSession:
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    settings.log_severity_level = 3  # it warns that what it optimized is for this machine
    for name, value in options.items():
        setattr(settings, name, value)
    return onnxruntime.InferenceSession(file, settings, providers=["CPUExecutionProvider"])


def photos(count: int, height: int, width: int) -> Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(height))


def apart(painting: NDArray[np.float32], expected: Tensor) -> float:
    assert painting.shape == expected.shape
    return float(np.square(painting - expected.numpy()).mean())


@pytest.fixture(scope="module")
def measuring(tiny_network: StyleNetwork) -> onnxruntime.InferenceSession:
    return session(network_file(tiny_network, {}))


@pytest.mark.parametrize("size", [(32, 32), (37, 51), (50, 64)])
def test_it_paints_what_we_paint_at_any_size_each_image_in_its_own_style(
    measuring: onnxruntime.InferenceSession, tiny_network: StyleNetwork, tiny_styles: StyleTable, size: tuple[int, int]
) -> None:
    images, vectors = photos(3, *size), tiny_styles.vectors
    (painting,) = measuring.run(["painting"], {"image": images.numpy(), "style": vectors.numpy()})
    ours = Stylizer(tiny_network, device="cpu", precision="float32").paint(images, vectors)
    assert apart(painting, ours) < PARITY < apart(painting, ours.roll(1, dims=0))


@pytest.mark.parametrize("size", [(32, 32), (37, 51)])
def test_the_small_network_paints_the_same_there_too(tiny_checkpoint: Checkpoint, size: tuple[int, int]) -> None:
    small = tiny_checkpoint.of("small")
    images, vectors = photos(3, *size), small.styles.vectors
    inputs = {"image": images.numpy(), "style": vectors.numpy()}
    (painting,) = session(network_file(small.network, {})).run(["painting"], inputs)
    assert apart(painting, small.network(images, vectors)) < PARITY


def test_a_picture_of_one_colour_divides_by_nothing(
    measuring: onnxruntime.InferenceSession, tiny_network: StyleNetwork, tiny_styles: StyleTable
) -> None:
    image, style = torch.full((1, 3, 40, 40), 0.5), tiny_styles.vectors[:1]
    (painting,) = measuring.run(["painting"], {"image": image.numpy(), "style": style.numpy()})
    assert apart(painting, tiny_network(image, style)) < PARITY


def test_given_the_statistics_of_another_picture_it_paints_as_that_was(
    measuring: onnxruntime.InferenceSession, tiny_network: StyleNetwork, tiny_styles: StyleTable
) -> None:
    whole, style = photos(1, 48, 40), tiny_styles.vectors[:1]
    part = whole[..., :32, :32] ** 2
    (statistics,) = measuring.run(["statistics"], {"image": whole.numpy(), "style": style.numpy()})
    assert statistics.shape == style.shape
    inputs = {"image": part.numpy(), "style": style.numpy(), "statistics": statistics}
    (painting,) = session(network_file(tiny_network, {}, given=True)).run(None, inputs)
    ours = tiny_network(part, style, FastNetwork(tiny_network).statistics_of([whole], style[0]))
    assert apart(painting, ours) < PARITY < apart(painting, tiny_network(part, style))


@pytest.mark.parametrize("given", [False, True])
def test_it_is_valid_and_does_without_what_browsers_compute_wrong(tiny_network: StyleNetwork, given: bool) -> None:
    model = onnx.load_from_string(network_file(tiny_network, {"canonical": 512}, given=given))
    onnx.checker.check_model(model, full_check=True)
    assert [(each.key, each.value) for each in model.metadata_props] == [("canonical", "512")]
    nodes = model.graph.node
    assert not {"InstanceNormalization", "BatchNormalization", "Split"} & {node.op_type for node in nodes}
    assert not {"auto_pad", "pads"} & {attribute.name for node in nodes for attribute in node.attribute}
    assert max((len(node.input) for node in nodes if node.op_type == "Concat"), default=0) <= 3


def test_weights_take_two_bytes_and_are_cast_and_rearranged_once(tiny_network: StyleNetwork, tmp_path: Path) -> None:
    file = network_file(tiny_network, {})
    stored = [each for each in onnx.load_from_string(file).graph.initializer if each.name.endswith("weight.float16")]
    assert len(stored) == len([*tiny_network.parameters()])
    assert {each.data_type for each in stored} == {onnx.TensorProto.FLOAT16}
    session(file, optimized_model_filepath=str(tmp_path / "loaded.onnx"))
    loaded = onnx.load(tmp_path / "loaded.onnx").graph.node
    assert not {"Cast", "MatMul", "ReduceSum"} & {node.op_type for node in loaded}
