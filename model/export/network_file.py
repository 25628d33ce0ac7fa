"""The network as an ONNX file, which runs on phones, in browsers, and wherever else there is a runtime.

    image (N, 3, H, W), style (N, E) -> painting (N, 3, H, W), statistics (N, E)

`image` and `painting` are float32, RGB in [0, 1], any number of any size from 32 × 32 on; `style` has a style vector
for each. `statistics` has the mean and variance of each normalization where `style` has its γ and β. Or they are given,
and nothing is measured: so frames of a video do not flicker, and tiles have no seams.

It is `impasto.model.network.style_network`, layer by layer, in operators that runtimes compute as they are defined.
Where a layer enlarges, or has three channels out, the four pixels around a corner are computed at once, as in
`impasto.model.network.fast_network`: fewer multiplications, and no enlarged features.

ONNX Runtime Web's WebGPU does not compute some operators as they are defined, or did not for long; they are not here:

- InstanceNormalization: NaN (microsoft/onnxruntime#19387), and in float16 overflow on large pictures (#24514). Here a
  normalization is two means in float32, of the features and of the squares of what is left of them.
- Conv with `auto_pad` and a stride: wrong (#26734). Here padding is a Pad, and by reflection, as in training.
- More inputs or outputs than a shader has buffers (#25390). Here styles are read, and statistics joined, few at a time.

Weights are float16, half the file; a runtime casts and rearranges them once, when it loads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper
from torch import Tensor

from impasto.model.network.statistics import EPSILON
from impasto.model.network.style_network import StyleNetwork

FLOAT = TensorProto.FLOAT
OPSET, IR_VERSION = 17, 8
"""The operators and the format of 2022: what is in use reads them."""


def network_file(network: StyleNetwork, facts: Mapping[str, object], *, given: bool = False) -> bytes:
    """A network as an ONNX file.

    facts: what its metadata say of it. given: its statistics are an input instead of an output.
    """
    graph = _Graph(dict(network.named_parameters()), given=given)
    graph.paint(full=len(network.config.widths) == 3)
    picture, vector = ("N", 3, "H", "W"), ("N", network.style_size)
    image, painting = (helper.make_tensor_value_info(name, FLOAT, picture) for name in ("image", "painting"))
    style, statistics = (helper.make_tensor_value_info(name, FLOAT, vector) for name in ("style", "statistics"))
    inputs, outputs = ([image, style, statistics], [painting]) if given else ([image, style], [painting, statistics])
    model = helper.make_model(
        helper.make_graph(graph.nodes, "impasto", inputs, outputs, [*graph.constants.values()]),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    helper.set_model_props(model, {name: str(fact) for name, fact in facts.items()})
    file: bytes = model.SerializeToString(deterministic=True)
    return file


def _strided(size: int) -> NDArray[Any]:
    """Kernels of another row, in which a kernel of that size stands above and below."""
    return np.stack([np.eye(size + 1, size, -pixel) for pixel in (0, 1)])


class _Graph:
    """Operators in the order in which they are computed. Whatever has a value is known by its name.

    weights: of the network's convolutions, in the order of the layers.
    """

    def __init__(self, weights: Mapping[str, Tensor], *, given: bool) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, TensorProto] = {}
        self._weights, self._given = weights, given
        self._read = 0  # numbers of the style vectors
        self._measured: list[str] = []

    def paint(self, *, full: bool) -> None:
        """As `StyleNetwork.forward`. full: whether it has features as large as the photo."""
        *encoder, narrowest = [name for name in self._weights if name.startswith("encoder")]
        trunk = [name for name in self._weights if name.startswith("residual")]
        *decoder, last = [name for name in self._weights if name.startswith("decoder")]
        for name in ("style", "statistics") if self._given else ("style",):
            self._add("Unsqueeze", name, self._integers(2, 3), name=f"{name}.maps")
        larger = ["image"]
        for weight in encoder:
            stride = 1 if full and len(larger) == 1 else 2
            larger.append(self._add("Relu", self._layer(larger[-1], weight, stride=stride)))
        x = self._add("Relu", self._layer(larger[-1], narrowest, stride=2))
        for inner, outer in zip(trunk[::2], trunk[1::2], strict=True):
            x = self._add("Add", x, self._layer(self._add("Relu", self._layer(x, inner)), outer))
        for weight in decoder:
            x = self._add("Relu", self._enlarging(x, weight, like=larger.pop()))
        painted = self._striding(x, last) if full else self._enlarging(x, last, like="image")
        self._add("Sigmoid", painted, name="painting")
        if not self._given:
            self._add("Flatten", *self._measured, name="statistics")

    def _layer(self, x: str, weight: str, *, stride: int = 1) -> str:
        """A convolution and its normalization."""
        channels, _, size, _ = self._weights[weight].shape
        return self._normalized(self._convolved(x, self._weight(weight), size, "reflect", stride), channels)

    def _enlarging(self, x: str, weight: str, *, like: str) -> str:
        """A convolution of every pixel four times, in a square, and its normalization. like: as large as the result."""
        rows = _strided(self._weights[weight].shape[2])
        corners = rows.reshape(2, -1, 2, rows.shape[2]).sum(2)  # two rows of the kernel see the same pixel
        return self._squares(x, weight, corners, "edge", like=like)

    def _striding(self, x: str, weight: str) -> str:
        """A convolution with few channels out, two pixels further each time, and its normalization."""
        return self._squares(x, weight, _strided(self._weights[weight].shape[2]), "reflect", stride=2, like="image")

    def _squares(self, x: str, weight: str, rows: NDArray[Any], beyond: str, *, stride: int = 1, like: str) -> str:
        """A convolution that yields the four pixels around each corner, and its normalization.

        Each of the four is rounded in its own way. Where a picture has one colour that is all that a normalization
        finds, and enlarges: so what every pixel has in common is taken away before.
        rows: as `_rearranged` has them. like: as large as the result.
        """
        kernel = self._rearranged(weight, rows)
        away = ""
        if not self._given:
            common = self._add("ReduceMean", x, axes=(2, 3))
            x = self._add("Sub", x, common)
            away = self._add("Conv", common, self._add("ReduceSum", weight, self._integers(2, 3)))
        corners = self._convolved(x, kernel, rows.shape[1], beyond, stride)
        large = self._add("DepthToSpace", corners, blocksize=2)
        one = self._integers(1, 1)  # the first row and column are beyond the border, and where sides are even the last
        end = self._add("Add", self._add("Shape", like, start=2), one)
        features = self._add("Slice", large, one, end, self._integers(2, 3))
        return self._normalized(features, len(self._weights[weight]), away)

    def _convolved(self, x: str, weight: str, size: int, beyond: str, stride: int = 1) -> str:
        """A convolution alone. size: of its kernel. beyond: what stands beyond the border, as Pad calls it."""
        around = size // 2
        padded = self._add("Pad", x, self._integers(0, 0, around, around, 0, 0, around, around), mode=beyond)
        return self._add("Conv", padded, weight, strides=(stride, stride))

    def _normalized(self, features: str, channels: int, away: str = "") -> str:
        """γ · (x − μ) / σ + β, of the next of the style's γ and β. away: what was taken from the features' mean."""
        gamma, beta = self._told("style", channels)
        if self._given:
            mean, variance = self._told("statistics", channels)
            apart = self._add("Sub", features, mean)
        else:
            mean = self._add("ReduceMean", features, axes=(2, 3))
            apart = self._add("Sub", features, mean)
            variance = self._add("ReduceMean", self._add("Mul", apart, apart), axes=(2, 3))
            whole = self._add("Add", mean, away) if away else mean
            self._measured = [self._add("Concat", *self._measured, whole, variance, axis=1)]
        self._read += 2 * channels
        epsilon = self._constant("epsilon", np.array(EPSILON, np.float32))
        deviation = self._add("Sqrt", self._add("Add", variance, epsilon))
        scaled = self._add("Mul", apart, self._add("Div", gamma, deviation))
        return self._add("Add", scaled, beta)

    def _told(self, name: str, channels: int) -> list[str]:
        """The next two of an input, for each channel, as maps of one pixel (N, C, 1, 1)."""
        starts = self._read, self._read + channels
        return [
            self._add("Slice", f"{name}.maps", self._integers(at), self._integers(at + channels), self._integers(1))
            for at in starts
        ]

    def _weight(self, name: str) -> str:
        stored = self._constant(f"{name}.float16", self._weights[name].detach().cpu().half().numpy())
        return self._add("Cast", stored, name=name, to=FLOAT)

    def _rearranged(self, name: str, rows: NDArray[Any]) -> str:
        """Weights for the four pixels around a corner, which are the slowest axis of the output.

        rows: for the upper and the lower ones, a matrix that makes another kernel's rows of the kernel's; and its
        columns of its columns, for the left and the right ones.
        """
        size = rows.shape[1:]
        upper = self._constant(f"rows {size}", rows[:, None, None, None].astype(np.float32))
        left = self._constant(f"columns {size}", rows.transpose(0, 2, 1)[:, None, None].astype(np.float32))
        four = self._add("MatMul", self._add("MatMul", upper, self._weight(name)), left)
        return self._add("Reshape", four, self._integers(-1, self._weights[name].shape[1], size[0], size[0]))

    def _integers(self, *values: int) -> str:
        return self._constant(str(values), np.array(values, np.int64))

    def _constant(self, name: str, values: NDArray[Any]) -> str:
        self.constants[name] = numpy_helper.from_array(values, name)
        return name

    def _add(self, operator: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """An operator and its value, which is known by its place where it has no name."""
        name = name or f"{len(self.nodes)}.{operator}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name, **attributes))
        return name
