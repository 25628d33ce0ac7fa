"""The styles of many pictures, measured once: a step then costs no pass of theirs through the loss network."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save as serialize
from torch import Tensor
from tqdm import tqdm

from impasto.model.files import write_whole
from impasto.model.perception.objective import Objective
from impasto.model.prediction.moments import moments


@dataclass(frozen=True)
class StyleBank:
    """Moments (N, M) of N pictures, and their Gram matrices {layer: (N, C, C)}: in bfloat16, 0.7 MB a picture."""

    moments: Tensor
    grams: dict[str, Tensor]

    @classmethod
    @torch.no_grad()
    def of(cls, pictures: Iterable[Tensor], count: int, objective: Objective, *, bfloat16: bool) -> StyleBank:
        """Look at pictures, (3, H, W) in [0, 1] each, so many of them. bfloat16: whether to compute in it."""
        device, layers = objective.loss_network.mean.device, objective.config.style_layers
        seen: list[Tensor] = []
        grams: dict[str, Tensor] = {}
        for n, picture in enumerate(tqdm(pictures, "looking at styles", count, leave=False, disable=None, delay=1)):
            with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
                batch = picture[None].to(device).contiguous(memory_format=torch.channels_last)
                features = objective.loss_network(batch)
                measured = objective.measured(features)
            seen.append(moments(features, layers)[0].cpu())
            for layer, gram in measured.items():
                if layer not in grams:
                    grams[layer] = torch.empty(count, *gram.shape[1:], dtype=torch.bfloat16)
                grams[layer][n] = gram[0]
        return cls(torch.stack(seen), grams)

    def save(self, path: Path, identity: Any) -> None:
        """Write it, with what must be the same for it to be used again, as plain JSON values."""
        tensors = {"moments": self.moments, **self.grams}
        write_whole(path, serialize(tensors, metadata={"identity": json.dumps(identity)}))

    @classmethod
    def load(cls, path: Path, identity: Any) -> StyleBank | None:
        """What was saved; None where there is nothing, or of something else."""
        if not path.is_file():
            return None
        with safe_open(path, framework="pt") as file:
            if json.loads(file.metadata()["identity"]) != identity:
                return None
            names = file.keys()
            tensors = {name: file.get_tensor(name) for name in names}
        return cls(tensors.pop("moments"), tensors)
