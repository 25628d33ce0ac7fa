"""A style vector for a painting in a second, by a trained predictor."""

from __future__ import annotations

import torch
from torch import Tensor

from impasto.model.network.device import find_device, has_native_bfloat16
from impasto.model.perception.loss_network import LossNetwork, load_weights
from impasto.model.pictures.resize import resize
from impasto.model.prediction.file import TrainedPredictor
from impasto.model.prediction.moments import moments


class StylePredictor:
    """Looks at paintings as its predictor learned to.

    weights: of the loss network; None: as `load_weights` finds them.
    device: as of `find_device`. Raises DeviceUnavailable, LossNetworkMissing.
    """

    def __init__(
        self, trained: TrainedPredictor, *, weights: dict[str, Tensor] | None = None, device: str = "auto"
    ) -> None:
        self.trained, self.device = trained, find_device(device)
        look = trained.look
        self._loss_network = LossNetwork(look.layers, weights or load_weights(), pooling=look.pooling)
        self._loss_network.to(self.device).to(memory_format=torch.channels_last)
        self._predictor = trained.predictor.to(self.device)

    @torch.no_grad()
    def predict(self, painting: Tensor) -> Tensor:
        """A painting (3, H, W) in [0, 1] -> its style vector (E,), on the CPU."""
        look = self.trained.look
        sized = resize(painting, look.painting_size)[None].to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=has_native_bfloat16(self.device)):
            features = self._loss_network(sized.contiguous(memory_format=torch.channels_last))
        vector: Tensor = self._predictor(moments(features, look.layers))[0]
        return vector.cpu()
