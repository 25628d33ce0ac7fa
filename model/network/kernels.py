"""The CPU's own kernels, built for this machine and called: kernels.cpp for what stands between two convolutions,
winograd.cpp, nested.cpp, direct.cpp and matrices.cpp for these, passes.cpp for all of them one after the other."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from impasto.model.native.building import BUILT, build_all, load
from impasto.model.native.passing import pointer
from impasto.model.native.winograd import BLOCK, quantized, transformed
from impasto.model.network import direct, matrices, nested, winograd
from impasto.model.network.operations import Border, Convolution, Gauge, Operations, Step, Then, Window, around_corners
from impasto.model.network.passes import Computed, Kernel, Pass
from impasto.model.network.statistics import EPSILON, Statistics
from impasto.model.pictures import plane_kernels
from impasto.model.pictures.picture import COLORS

CONVOLUTIONS = "winograd", "nested", "direct", "matrices"
OWN = [Path(__file__).with_name(f"{name}.cpp") for name in ("kernels", *CONVOLUTIONS, "passes")]
SOURCES = [*OWN, *plane_kernels.SOURCES]

READING = (Kernel.WINOGRAD, Kernel.NARROWER, Kernel.MATRICES)
"""Those that can normalize what they read."""

Found = TypeVar("Found")


class Kernels(Operations):
    """The operations on the CPU: in two passes over the features instead of six, or in none but the convolutions'.

    These are computed by Winograd's algorithm in float32, and in bfloat16 by units for matrices, where there are any.

    channels: every number of channels that will be asked for.
    multiplies_integers: whether convolutions of many channels by many do in float32, which is faster where it is so.
    multiplies_matrices: whether those in bfloat16 are theirs, and not PyTorch's.
    stored: in which precision they leave features, which is half of what they compute in where that is faster.
    Read from `built`, else from `cache`, by default this user's, where they are built once for a machine, in a few
    seconds.
    Raises KernelsUnavailable.
    """

    def __init__(self, channels: Iterable[int], *, built: Path = BUILT, cache: Path | None = None) -> None:
        self._library = library = load(SOURCES, definitions(channels), built=built, cache=cache)
        self.stored = stored = torch.float16 if library.stores_halves() else torch.float32
        self._normalize = {
            (stored, stored): library.normalize_stored,
            (stored, torch.float32): library.normalize_stored_exact,
            (torch.float32, torch.float32): library.normalize_float32,
            (torch.bfloat16, torch.bfloat16): library.normalize_bfloat16,
            (torch.bfloat16, torch.float32): library.normalize_bfloat16_exact,
        }
        self.multiplies_integers = bool(library.multiplies_integers())
        self.multiplies_matrices = bool(library.multiplies_matrices())
        self._found: MutableMapping[Tensor, dict[Callable[[Tensor], object], object]] = WeakTensorKeyDictionary()
        self._measured: MutableMapping[Tensor, Tensor] = WeakTensorKeyDictionary()
        """Means and variances (2, B, C) of features that were measured as they were computed."""

    def gauge(self, whole: Window) -> Gauge:
        """As `Operations.gauge`."""
        return _Sums(self._library, self.stored, whole)

    def measure(self, features: Tensor, window: Window, doubled: bool) -> Statistics:
        """As `Operations.measure`."""
        measured = self._measured.get(features)
        if measured is None:
            return super().measure(features, window, doubled)
        count = len(window[0]) * len(window[1])
        return Statistics(count, measured[0], measured[1] * count)

    def convolve(self, x: Tensor, convolution: Convolution) -> Tensor:
        """As `Operations.convolve`."""
        computed = self._computed(convolution)
        if computed is None:
            return super().convolve(x, convolution)
        if computed.by is Kernel.WIDER:
            return self._convolve_wider(x, convolution.weight, computed)
        if computed.by is Kernel.DIRECT:
            return self._convolve_direct(x, convolution.weight, computed)
        if computed.by is Kernel.MATRICES and x.shape[1] == COLORS:
            return self._convolve_picture_in_matrices(x, convolution, computed)
        return self._convolve(_Reading(self._in_store(x)), convolution, computed)

    def leaves(self, convolution: Convolution) -> torch.dtype:
        """As `Operations.leaves`."""
        by = self._kernel(convolution)
        return super().leaves(convolution) if by in (None, Kernel.NARROWER) else self.stored

    def normalizes_what_it_reads(self, convolution: Convolution) -> bool:
        """As `Operations.normalizes_what_it_reads`."""
        return self._kernel(convolution) in READING

    def at_once(self, steps: Sequence[Step], border: Border, less: float) -> Pass | None:
        """As `Operations.at_once`."""
        computed = [(step, found) for step in steps if (found := self._computed(step.convolution))]
        return Pass(self._library, computed, border, less) if len(computed) == len(steps) else None

    def _kernel(self, convolution: Convolution) -> Kernel | None:
        """What computes a convolution, if PyTorch does not."""
        weight, stride = convolution.weight, convolution.stride
        if self.multiplies_matrices and matrices.suits(weight, stride):
            return Kernel.MATRICES
        if winograd.suits(weight, stride):
            return Kernel.WINOGRAD
        if nested.narrows(weight, stride) and self._once(nested.is_strided, weight):
            return Kernel.NARROWER
        if nested.widens(weight, stride):
            return Kernel.WIDER
        return Kernel.DIRECT if direct.suits(weight, stride) else None

    def _computed(self, convolution: Convolution) -> Computed | None:
        """What computes a convolution, if PyTorch does not, and from which weights."""
        weight, by = convolution.weight, self._kernel(convolution)
        match by:
            case Kernel.WINOGRAD:
                return Computed(by, *self._once(self._by_two if convolution.stride == 2 else self._by_one, weight))
            case Kernel.NARROWER:
                return Computed(by, self._once(nested.for_narrower, weight))
            case Kernel.WIDER:
                return Computed(by, self._once(nested.for_wider, weight))
            case Kernel.DIRECT:
                return Computed(by, self._once(direct.in_order, weight))
            case Kernel.MATRICES:
                return Computed(by, self._once(matrices.in_order, weight))
        return None

    def _in_store(self, features: Tensor) -> Tensor:
        """Features as convolutions read them: of PyTorch's, what is beyond the range of halves at its end."""
        if features.dtype is self.stored:
            return features
        limits = torch.finfo(self.stored)
        return features.to(self.stored).clamp_(limits.min, limits.max)

    def _convolve(self, x: _Reading, convolution: Convolution, computed: Computed) -> Tensor:
        """Of features, normalized on the way."""
        match computed.by:
            case Kernel.NARROWER:
                return self._convolve_narrower(x, convolution, computed)
            case Kernel.MATRICES:
                return self._convolve_in_matrices(x, convolution, computed)
        return self._convolve_winograd(x, convolution, computed)

    def _convolve_winograd(self, x: _Reading, convolution: Convolution, computed: Computed) -> Tensor:
        weight, stride = convolution.weight, convolution.stride
        out = x.out(weight, stride, self.stored)
        unknown = self._library.convolve_winograd(
            *x.pointers,
            pointer(computed.weights),
            pointer(computed.scales),
            ctypes.c_int64(weight.shape[2]),
            ctypes.c_int64(stride),
            pointer(out),
            _strides(out),
            *self._measuring(out, convolution),
        )
        _check(unknown, x.channels)
        return out

    def _convolve_in_matrices(self, x: _Reading, convolution: Convolution, computed: Computed) -> Tensor:
        weight, stride = convolution.weight, convolution.stride
        out = x.out(weight, stride, self.stored)
        self._library.convolve_in_matrices(
            *x.pointers,
            pointer(computed.weights),
            ctypes.c_int64(weight.shape[2]),
            ctypes.c_int64(stride),
            pointer(out),
            _strides(out),
            *self._measuring(out, convolution),
        )
        return out

    def _convolve_picture_in_matrices(self, x: Tensor, convolution: Convolution, computed: Computed) -> Tensor:
        weight, x = convolution.weight, x.float()
        out = _out(len(x), (x.shape[2], x.shape[3]), weight, convolution.stride, self.stored)
        images, _, height, width = x.shape
        image, channel, row, pixel = x.stride()
        self._library.convolve_picture_in_matrices(
            pointer(x),
            _integers([images, height, width, image, row, pixel]),
            ctypes.c_int64(channel),
            pointer(computed.weights),
            ctypes.c_int64(weight.shape[2]),
            ctypes.c_int64(convolution.stride),
            pointer(out),
            _strides(out),
            *self._measuring(out, convolution),
        )
        return out

    def _measuring(self, out: Tensor, convolution: Convolution) -> tuple[Any, ...]:
        """Where to put what is found of features, whose memory `out` is, as they are written."""
        channels, moments, (height, width) = convolution.channels, None, (0, 0)
        if convolution.whole and channels % BLOCK == 0:  # what is computed together is of one pixel
            moments = self._measured[out] = torch.empty(2, len(out), channels, dtype=torch.float64)
            height, width = map(len, convolution.whole)
        return pointer(moments), *map(ctypes.c_int64, (height, width)), ctypes.c_bool(convolution.doubled)

    def _convolve_wider(self, x: Tensor, weight: Tensor, computed: Computed) -> Tensor:
        out = _out(len(x), (x.shape[2], x.shape[3]), weight, stride=1, dtype=self.stored)
        images, _, height, width = x.shape
        image, channel, row, pixel = x.stride()
        self._library.convolve_wider(
            pointer(x),
            _integers([images, height, width, image, row, pixel]),
            ctypes.c_int64(channel),
            pointer(computed.weights),
            ctypes.c_int64(computed.pieces),
            pointer(out),
            _strides(out),
        )
        return out

    def _convolve_direct(self, picture: Tensor, weight: Tensor, computed: Computed) -> Tensor:
        picture = _in_rows(picture)
        out = _out(len(picture), (picture.shape[2], picture.shape[3]), weight, direct.STRIDE, self.stored)
        self._library.convolve_direct(
            pointer(picture),
            _strides(picture),
            pointer(computed.weights),
            ctypes.c_int64(weight.shape[2]),
            pointer(out),
            _strides(out),
        )
        return out

    def _convolve_narrower(self, x: _Reading, convolution: Convolution, computed: Computed) -> Tensor:
        out = x.out(convolution.weight, stride=2, dtype=torch.float32)
        unknown = self._library.convolve_narrower(
            *x.pointers,
            pointer(computed.weights),
            ctypes.c_int64(computed.pieces),
            pointer(out),
            _strides(out),
        )
        _check(unknown, x.channels)
        return out

    def _by_two(self, weight: Tensor) -> tuple[Tensor, Tensor | None]:
        return self._by_one(winograd.two_by_two(weight))

    def _by_one(self, weight: Tensor) -> tuple[Tensor, Tensor | None]:
        """Weights as convolve_winograd takes them, and what they are multiples of if they are integers."""
        exact = transformed(weight)
        return quantized(exact) if self.multiplies_integers else (exact, None)

    def _once(self, compute: Callable[[Tensor], Found], weight: Tensor) -> Found:
        """What is computed from weights, when it is first asked for."""
        found = self._found.setdefault(weight, {})
        if compute not in found:
            found[compute] = compute(weight)
        return cast(Found, found[compute])

    def normalize(
        self,
        features: Tensor,
        style: Tensor,
        window: Window,
        then: Then,
        given: Statistics | None = None,
        shares: Tensor | None = None,
    ) -> Tensor:
        """As `Operations.normalize`."""
        gamma, beta = (half.float().contiguous() for half in style.chunk(2, dim=-1))
        images, styles, channels = len(gamma), gamma.shape[1] if gamma.ndim == 3 else 1, gamma.shape[-1]
        moments = self._moments(features, style, gamma, given)
        features = _in_rows(features)
        residual = None if then.residual is None else _in_rows(then.residual.to(features.dtype))
        left, right, above, below = then.padding
        out = torch.empty(
            (images, channels, above + len(window[0]) + below, left + len(window[1]) + right),
            dtype=torch.float32 if then.exact else features.dtype,
            memory_format=torch.channels_last,
        )
        if shares is not None:
            shares = shares.permute(0, 2, 3, 1).contiguous()
        unknown = self._normalize[features.dtype, out.dtype](
            *_batch(features, window, then.doubled),
            pointer(gamma),
            pointer(beta),
            ctypes.c_int64(styles),
            pointer(shares),
            pointer(moments),
            pointer(residual),
            _layout(features if residual is None else residual, window, False),
            pointer(out),
            ctypes.c_bool(then.relu),
            _integers(then.padding),
            ctypes.c_bool(then.replicate),
        )
        _check(unknown, channels)
        return out

    def normalize_and_convolve(
        self,
        features: Tensor,
        style: Tensor,
        window: Window,
        then: Then,
        convolution: Convolution,
        given: Statistics | None = None,
    ) -> Tensor:
        """As `Operations.normalize_and_convolve`."""
        computed = self._computed(convolution)
        if computed is None or computed.by not in READING or not then.relu or then.residual is not None:
            then = replace(then, exact=convolution.weight.dtype is torch.float32)
            return super().normalize_and_convolve(features, style, window, then, convolution, given)
        gamma, beta = (half.float().contiguous() for half in style.chunk(2, dim=-1))
        moments = self._moments(features, style, gamma, given)
        features, scale = _in_rows(self._in_store(features)), torch.empty(2, *gamma.shape)
        unknown = self._library.find_scale(
            *_batch(features, window, then.doubled),
            pointer(gamma),
            pointer(beta),
            pointer(moments),
            *_pointers(scale),
        )
        _check(unknown, gamma.shape[-1])
        return self._convolve(_Reading(features, window, then, scale), convolution, computed)

    def _moments(self, features: Tensor, style: Tensor, gamma: Tensor, given: Statistics | None) -> Tensor | None:
        """Means and variances that are known of features, two tensors of the shape of gamma in one."""
        if given is not None:
            known = given.mean, given.variance
        elif (measured := self._measured.get(features)) is None or measured.shape[1:] == gamma.shape:
            return measured
        else:
            known = measured[0], measured[1]
        return torch.stack([(m if m.ndim == style.ndim else m[:, None]).expand(gamma.shape) for m in known])


class _Reading:
    """What a convolution reads: features with their padding, or what a normalization leaves of a window of them.

    scale: (2, B, C), what they are multiplied by and what is then added.
    """

    def __init__(
        self, features: Tensor, window: Window | None = None, then: Then | None = None, scale: Tensor | None = None
    ) -> None:
        self._features, self._then, self._scale = _in_rows(features), then or Then(), scale
        self._window = window or (range(features.shape[2]), range(features.shape[3]))
        self.channels = features.shape[1] // (4 if self._then.doubled else 1)

    @property
    def pointers(self) -> tuple[Any, ...]:
        """As the kernels' `Reading` takes it."""
        images, rows, columns, image, row, top, left = _layout(self._features, self._window, self._then.doubled)
        layout = [images, rows, columns, image, row, self.channels, self._then.doubled, top, left]
        layout += [*self._then.padding, self._then.replicate]
        return pointer(self._features), _integers(layout), *_pointers(self._scale)

    def out(self, weight: Tensor, stride: int, dtype: torch.dtype) -> Tensor:
        """Memory for what a convolution makes of it, channels-last."""
        left, right, above, below = self._then.padding
        height, width = above + len(self._window[0]) + below, left + len(self._window[1]) + right
        return _out(len(self._features), (height, width), weight, stride, dtype)


class _Sums(Gauge):
    """Goes on with each row's sums where the window to its left ended: to the last bit it finds what `Kernels.measure`
    does, but for features that were measured as they were computed."""

    def __init__(self, library: ctypes.CDLL, stored: torch.dtype, whole: Window) -> None:
        self._add_up = {
            stored: library.add_up_stored,
            torch.float32: library.add_up_float32,
            torch.bfloat16: library.add_up_bfloat16,
        }
        self._moments = library.moments_of_sums
        self._whole = whole
        self._origin: Tensor | None = None

    def add(self, features: Tensor, window: Window, doubled: bool) -> None:
        features, (rows, columns) = _in_rows(features), self._whole
        if self._origin is None:
            first = around_corners(features[..., :1, :1], (rows[:1], columns[:1])) if doubled else features
            self._origin = first[..., 0, 0].float().contiguous()
            self._sums = torch.zeros(len(features), len(rows), 2, self._origin.shape[1])
        unknown = self._add_up[features.dtype](
            *_batch(features, window, doubled),
            pointer(self._origin),
            pointer(self._sums[:, window[0].start - rows.start :]),
            ctypes.c_int64(len(rows)),
        )
        _check(unknown, self._origin.shape[1])

    def statistics(self) -> Statistics:
        if self._origin is None:
            raise ValueError("nothing was measured")
        (images, channels), (rows, columns) = self._origin.shape, self._whole
        mean, variance = found = torch.empty(2, images, channels, dtype=torch.float64)
        shape = _integers([images, len(rows), len(columns), channels])
        self._moments(pointer(self._origin), pointer(self._sums), shape, pointer(found))
        count = len(rows) * len(columns)
        return Statistics(count, mean, variance * count)


def build(channels: Iterable[int], folder: Path = BUILT) -> list[Path]:
    """Kernels for every instruction set of this kind of processor, for machines without a compiler.

    Raises KernelsUnavailable, OSError.
    """
    return build_all(SOURCES, definitions(channels), folder)


def definitions(channels: Iterable[int]) -> list[str]:
    """What the compiler is told of networks of these numbers of channels."""
    widths = " ".join(f"CASE({count})" for count in sorted(set(channels)))
    return [f"-DWIDTHS={widths}", f"-DEPSILON={EPSILON!r}", f"-DBLOCK={BLOCK}"]


def _in_rows(features: Tensor) -> Tensor:
    """Features whose channels and columns follow one another in memory, as in a window of what is channels-last."""
    together = features.stride(1) == 1 and features.stride(3) == features.shape[1]
    return features if together else features.contiguous(memory_format=torch.channels_last)


def _batch(features: Tensor, window: Window, doubled: bool) -> tuple[Any, ...]:
    channels = features.shape[1] // (4 if doubled else 1)
    return pointer(features), _layout(features, window, doubled), ctypes.c_int64(channels), ctypes.c_bool(doubled)


def _layout(features: Tensor, window: Window, doubled: bool) -> ctypes.Array[ctypes.c_int64]:
    rows, columns = window
    first = (-(rows.start % 2), -(columns.start % 2)) if doubled else (0, 0)
    return _integers([len(features), len(rows), len(columns), features.stride(0), features.stride(2), *first])


def _strides(features: Tensor) -> ctypes.Array[ctypes.c_int64]:
    images, channels, *size = features.shape
    return _integers([images, *size, features.stride(0), features.stride(2), channels])


def _out(images: int, size: tuple[int, int], weight: Tensor, stride: int, dtype: torch.dtype) -> Tensor:
    """Memory for what a convolution makes of images of a size, channels-last."""
    written, _, *kernel = weight.shape
    height, width = ((side - own) // stride + 1 for side, own in zip(size, kernel, strict=True))
    return torch.empty((images, written, height, width), dtype=dtype, memory_format=torch.channels_last)


def _check(unknown: int, channels: int) -> None:
    if unknown:
        raise ValueError(f"there are no kernels for {channels} channels")


def _pointers(pair: Tensor | None) -> tuple[ctypes.c_void_p, ctypes.c_void_p]:
    """To the first and to the second of two that follow one another in memory."""
    if pair is None:
        return pointer(None), pointer(None)
    first = pair.data_ptr()
    return ctypes.c_void_p(first), ctypes.c_void_p(first + pair.nbytes // 2)


def _integers(values: Sequence[int]) -> ctypes.Array[ctypes.c_int64]:
    return (ctypes.c_int64 * len(values))(*values)
