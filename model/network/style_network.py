"""The N-style network: shared convolutions, and normalizations that take their style as an argument.

V. Dumoulin, J. Shlens, M. Kudlur, "A Learned Representation for Artistic Style", ICLR 2017. The
convolutions know nothing of styles: a style is the vector of every scale and shift applied after a
normalization, and `forward` takes one such vector *per image*, so that one batch may hold any mix of
styles and blends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.model.network.config import SMALLEST_SIDE, NetworkConfig
from impasto.model.network.differentiable import Convolution, normalized
from impasto.model.network.statistics import Statistics, one_each, scale_and_shift
from impasto.model.network.style_map import StyleMap, Styles


class ConditionalInstanceNorm(nn.Module):
    """z = γ · (x − μ) / σ + β, with μ and σ over H and W, per image and channel.

    Holds no parameters: γ and β belong to the style. The variance is biased and has ε added, as in the
    paper. The statistics are float32 whatever the precision of the features: in half precision a sum
    over a large picture loses the small values.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def forward(
        self, features: Tensor, style: Tensor, given: Statistics | None = None, where: StyleMap | None = None
    ) -> Tensor:
        """Normalize `features` (B, C, H, W) with `style` (B, 2C), γ first, then β, and statistics if not their own.

        where: which of several styles, (B, K, 2C), is where.
        """
        if given is None and where is None and (by_kernels := normalized(features, style)) is not None:
            return by_kernels
        exact, shares = features.float(), None
        if where:
            pixels = range(features.shape[2]), range(features.shape[3])
            shares = where.within(pixels, pixels)
            if where.by_region and given is None:
                given = Statistics.of_shares(exact, shares)
        scale, shift = scale_and_shift(exact, style, given, shares)
        return torch.addcmul(shift, exact, scale).to(features.dtype)


Style = tuple[Tensor, Statistics | None, StyleMap | None]
"""What a normalization with C channels is told: γ and β, (B, 2C); statistics if not its features' own; where, if it has
several styles, (B, K, 2C), each of them is."""


class ConvNorm(nn.Module):
    """A convolution with reflection padding and no bias, and the normalization after it.

    Reflection instead of zeros: zero padding is known to leave borders and diagonal artefacts.
    """

    def __init__(self, channels_in: int, channels_out: int, kernel: int, *, stride: int = 1) -> None:
        super().__init__()
        self.conv = Convolution(channels_in, channels_out, kernel, stride)
        self.norm = ConditionalInstanceNorm(channels_out)
        self.padding = kernel // 2
        nn.init.normal_(self.conv.weight, std=0.01)

    def forward(self, x: Tensor, style: Style) -> Tensor:
        """(B, C_in, H, W) -> (B, C_out, ⌈H/stride⌉, ⌈W/stride⌉)."""
        padded = F.pad(x, (self.padding,) * 4, mode="reflect")
        result: Tensor = self.norm(self.conv(padded), *style)
        return result


class UpConvNorm(nn.Module):
    """Twice the height and width: nearest-neighbour upsampling, then a convolution and its normalization.

    It leaves no checkerboard, as a transposed convolution would. Beyond the border stand the pixels of the edge: with a
    kernel of 3 that is the reflection of what is twice as large.
    """

    def __init__(self, channels_in: int, channels_out: int, kernel: int = 3) -> None:
        super().__init__()
        self.conv = Convolution(channels_in, channels_out, kernel)
        self.norm = ConditionalInstanceNorm(channels_out)
        self.padding = kernel // 2
        nn.init.normal_(self.conv.weight, std=0.01)

    def forward(self, x: Tensor, style: Style, like: Tensor) -> Tensor:
        """(B, C_in, ⌈H/2⌉, ⌈W/2⌉), any (…, H, W) -> (B, C_out, H, W).

        With an odd height or width, the row or column beyond it, which exists only by rounding, pads
        the convolution but does not enter the statistics.
        """
        below, right = (self.padding - side % 2 for side in like.shape[2:])
        result: Tensor = self.norm(self.conv(_doubled(x, (self.padding, right, self.padding, below))), *style)
        return result


def _doubled(x: Tensor, border: tuple[int, int, int, int]) -> Tensor:
    """Every pixel of (B, C, H, W) four times, and those of the edge around them: so many left, right, above, below.

    Compiled, the gradient of F.interpolate is a scatter, and that of F.pad has other strides than the compiler thinks;
    what can be written instead takes twenty times as long where it is not compiled.
    """
    if not torch.compiler.is_compiling():
        return F.pad(F.interpolate(x, scale_factor=2, mode="nearest"), border, mode="replicate")
    batch, channels, height, width = x.shape
    four = x.permute(0, 2, 3, 1)[:, :, None, :, None].expand(-1, -1, 2, -1, 2, -1)
    large = four.reshape(batch, 2 * height, 2 * width, channels).permute(0, 3, 1, 2)
    for axis, before, after in ((2, *border[2:]), (3, *border[:2])):
        first, last = large.narrow(axis, 0, 1), large.narrow(axis, -1, 1)
        large = torch.cat([*[first] * before, large, *[last] * after], dim=axis)
    return large


class ResidualBlock(nn.Module):
    """x + f(x) with f = convolution, ReLU, convolution; nothing after the addition."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ConvNorm(channels, channels, 3)
        self.second = ConvNorm(channels, channels, 3)

    def forward(self, x: Tensor, first_style: Style, second_style: Style) -> Tensor:
        """(B, C, H, W) and the styles of both normalizations -> (B, C, H, W)."""
        result: Tensor = x + self.second(F.relu(self.first(x, first_style)), second_style)
        return result


class StyleNetwork(nn.Module):
    """Photos and one style vector per photo in, paintings out."""

    def __init__(self, config: NetworkConfig | None = None) -> None:
        super().__init__()
        self.config = config or NetworkConfig()
        *full, middle, wide = self.config.widths
        if full:
            first = [ConvNorm(3, full[0], 9), ConvNorm(full[0], middle, 3, stride=2)]
        else:
            first = [ConvNorm(3, middle, 7, stride=2)]
        self.encoder = nn.ModuleList([*first, ConvNorm(middle, wide, 3, stride=2)])
        self.residual = nn.ModuleList(ResidualBlock(wide) for _ in range(self.config.residual_blocks))
        up = UpConvNorm(wide, middle)
        last = [UpConvNorm(middle, full[0]), ConvNorm(full[0], 3, 9)] if full else [UpConvNorm(middle, 3, 7)]
        self.decoder = nn.ModuleList([up, *last])

    @property
    def norms(self) -> Iterator[ConditionalInstanceNorm]:
        """The normalizations in the order in which the network applies them."""
        return (module for module in self.modules() if isinstance(module, ConditionalInstanceNorm))

    @property
    def style_size(self) -> int:
        """E, the length of a style vector: a γ and a β for every normalized channel."""
        return sum(2 * norm.channels for norm in self.norms)

    def identity_style(self) -> Tensor:
        """The style vector (E,) that leaves every normalization plain: γ = 1, β = 0."""
        return torch.cat([torch.tensor([1.0, 0.0]).repeat_interleave(n.channels) for n in self.norms])

    def forward(self, images: Tensor, styles: Styles, statistics: Sequence[Statistics] | None = None) -> Tensor:
        """Paint every image in its own style.

        images: (B, 3, H, W), RGB in [0, 1], H and W at least 32.
        styles: style vectors (B, E), γ and β of each normalization in the order of the layers; or maps of several.
        statistics: one for each normalization, in that order, instead of the images' own.
        Returns (B, 3, H, W), RGB in [0, 1].
        Raises ValueError for other shapes.
        """
        vectors, where = (styles.vectors, styles) if isinstance(styles, StyleMap) else (styles, None)
        self._check(images, vectors)
        sizes = [2 * norm.channels for norm in self.norms]
        given = one_each(statistics, len(sizes))
        told = ((*each, where) for each in zip(torch.split(vectors, sizes, dim=-1), given, strict=True))
        larger = [images]
        for layer in self.encoder:
            larger.append(F.relu(layer(larger[-1], next(told))))
        x = larger.pop()
        for block in self.residual:
            x = block(x, next(told), next(told))
        *decoding, last = self.decoder
        for layer in decoding:
            x = F.relu(layer(x, next(told), like=larger.pop()))
        return torch.sigmoid(last(x, next(told), like=images) if isinstance(last, UpConvNorm) else last(x, next(told)))

    def _check(self, images: Tensor, style_vectors: Tensor) -> None:
        if images.ndim != 4 or images.shape[1] != 3:
            raise ValueError(f"images must be (B, 3, H, W), not {tuple(images.shape)}")
        if min(images.shape[2:]) < SMALLEST_SIDE:
            raise ValueError(f"images must be at least {SMALLEST_SIDE} pixels high and wide, not {tuple(images.shape)}")
        wanted = (len(images), self.style_size)
        if (len(style_vectors), style_vectors.shape[-1]) != wanted:
            raise ValueError(f"style_vectors must be {wanted}, one per image, not {tuple(style_vectors.shape)}")
