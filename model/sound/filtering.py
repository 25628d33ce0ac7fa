"""A sound with each frequency as loud as it is in another, in the mean over time: its tone, and nothing else."""

from __future__ import annotations

import torch
from torch import Tensor

MOST = 100.0
"""Times: by more nothing is made louder, which would be noise."""


def filtered(content: Tensor, style: Tensor, window: Tensor, hop: int) -> Tensor:
    """The content (C, T), filtered to be like the style (C', T'); all waveforms, as loud as one another."""
    width = len(window)
    of_content, of_style = (
        torch.stft(each, width, hop, window=window, return_complex=True) for each in (content, style)
    )
    louder = (each.abs().mean(dim=(0, 2)) for each in (of_style, of_content))
    gain = torch.div(*louder).nan_to_num(0).clamp_max(MOST)
    return torch.istft(of_content * gain[:, None], width, hop, window=window, length=content.shape[1])
