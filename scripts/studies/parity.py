"""How near the exported network in ONNX Runtime comes to the network here: every style at three sizes, in decibels.

    python -m impasto.scripts.studies.parity          # the table of docs/on-device.md, on standard output

Network and styles are what `impasto export` writes, two bytes a number. It needs `pip install onnx onnxruntime`.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
import tyro

from impasto.app.painting.previews import read_photo
from impasto.model.evaluation.report import table
from impasto.model.export.network_file import network_file
from impasto.model.export.style_file import style_file
from impasto.model.network.config import SHIPPED
from impasto.model.pictures.resize import center_crop
from impasto.scripts.loading import load

SIZES = (215, 162), (256, 256), (512, 384)
"""Width and height in pixels. Of the first, the width is odd, and the height at half its size."""


@dataclass(frozen=True)
class Arguments:
    checkpoint: Path = SHIPPED
    """Network and styles."""


def main(arguments: Arguments) -> None:
    source, stylizer = load(arguments.checkpoint, device="cpu", precision="float32")
    exported = onnxruntime.InferenceSession(network_file(source.network, {}), providers=["CPUExecutionProvider"])
    styles = json.loads(style_file(source.styles, {}))["styles"]
    rows = []
    for width, height in SIZES:
        photo, found = center_crop(read_photo().rgb, width, height)[None], {}
        for style, vector in zip(styles, source.styles.vectors, strict=True):
            stored = np.frombuffer(base64.b64decode(style["vector"]), "<f2").astype(np.float32)
            (painting,) = exported.run(["painting"], {"image": photo.numpy(), "style": stored[None]})
            apart = stylizer.paint(photo, vector[None]) - torch.from_numpy(painting)
            found[style["id"]] = -10 * float(apart.square().mean().log10())
        worst = min(found, key=lambda style_id: found[style_id])
        mean = sum(found.values()) / len(found)
        rows.append((f"{width} × {height}", f"{found[worst]:.1f}", worst, f"{mean:.1f}"))
    print(f"{len(styles)} styles; PSNR in dB.\n")
    print(table(("pixels", "worst", "of", "mean"), rows))


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
