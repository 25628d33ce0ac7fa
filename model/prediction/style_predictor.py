"""A style vector for a painting in a second, by a trained predictor."""

from __future__ import annotations

import torch
from torch import Tensor

from impasto.model.network.device import find_device, has_native_bfloat16
from impasto.model.perception.loss_network import LossNetwork, load_weights
from impasto.model.pictures.resize import resize
from impasto.model.prediction.file import TrainedPredictor
from impasto.model.prediction.moments import moments

PIECES, SIDE = 2, 256
"""How many squares of a painting are looked at, and their sides in pixels. Predictors learn from such squares, and two
tell as much as the whole, in a third of the time (`docs/training.md`)."""
INWARD = 1 / 6
"""Where they lie: this far from the upper left corner to the lower right one, and from there."""
FARTHER = 1.1
"""How many times as far from the mean style as the predictor has it. It errs towards the mean, as whatever minimises an
expected loss does where it cannot know: so far, unknown paintings are told from one another (`docs/styles.md`)."""


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

    def predict(self, painting: Tensor) -> Tensor:
        """A painting (3, H, W) in [0, 1] -> its style vector (E,), on the CPU."""
        with torch.inference_mode():  # in which the loss network prepares for no gradients
            found = self._predicted(painting)
        return found.clone()  # of a kind that gradients can pass by

    def _predicted(self, painting: Tensor) -> Tensor:
        look = self.trained.look
        seen = pieces(resize(painting, look.painting_size)).to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=has_native_bfloat16(self.device)):
            features = self._loss_network(seen.contiguous(memory_format=torch.channels_last))
        side_by_side = {layer: values.transpose(0, 1).flatten(1, 2)[None] for layer, values in features.items()}
        vector = self._predictor(moments(side_by_side, look.layers))[0]
        return self._predictor.mean_style.lerp(vector, FARTHER).cpu()


def pieces(painting: Tensor) -> Tensor:
    """A painting (3, H, W) -> what is looked at of it, (PIECES, 3, S, S)."""
    side = min(SIDE, *painting.shape[1:])
    squares = []
    for place in torch.linspace(INWARD, 1 - INWARD, PIECES).tolist():
        top, left = (round(place * (length - side)) for length in painting.shape[1:])
        squares.append(painting[:, top : top + side, left : left + side])
    return torch.stack(squares)
