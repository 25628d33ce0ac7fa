"""What is heard of a sound: its spectrogram, and one layer of random filters over it.

D. Ulyanov, V. Lebedev, "Audio texture synthesis and style transfer", 2016: a spectrogram is an image of one row whose
channels are the frequencies, and one convolution with random weights sees enough of it. Here it is seen through the
spectrogram, down to the waveform, as S. Barry and Y. Kim do ("'Style' Transfer for Musical Audio Using Multiple
Time-Frequency Representations", 2018): no phase has to be found afterwards.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.model.sound.config import SoundConfig

SEEN = 11
"""Frames that a filter hears: a quarter of a second, as the authors have it."""
SPECTROGRAM, FILTERS = "spectrogram", "filters"
"""Names of the layers."""


class Ear(nn.Module):
    """Waveforms (C, T) -> {SPECTROGRAM: (1, bins, C, frames), FILTERS: (1, filters, C, places)}, float32.

    frames: 1 + T // hop. places: every `stride` of them but the last ten. Channels are rows of the image, which the
    filters hear one by one, and Gram matrices sum over.
    """

    filters: Tensor
    window: Tensor

    def __init__(self, config: SoundConfig) -> None:
        super().__init__()
        self._hop, self._stride = config.hop, config.stride
        bins = config.window // 2 + 1
        random = torch.Generator().manual_seed(config.seed)
        spread = 2 / ((bins + config.filters) * SEEN) ** 0.5  # the authors', which keeps the size of what is seen
        filters = spread * torch.randn(config.filters, bins, 1, SEEN, generator=random)
        self.register_buffer("filters", filters, persistent=False)
        self.register_buffer("window", torch.hann_window(config.window), persistent=False)

    def forward(self, sound: Tensor) -> dict[str, Tensor]:
        found = torch.stft(sound, len(self.window), self._hop, window=self.window, return_complex=True)
        spectrogram = found.abs().log1p().transpose(0, 1)[None]
        return {
            SPECTROGRAM: spectrogram,
            FILTERS: F.relu(F.conv2d(spectrogram, self.filters, stride=(1, self._stride))),
        }
