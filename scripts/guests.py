"""A painting that `impasto paint` is given along, whose style is told at a glance."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from impasto.app.settings import read_settings
from impasto.model.errors import InvalidValue, about
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.perception.loss_network import load_weights
from impasto.model.prediction import file
from impasto.model.prediction.style_predictor import StylePredictor
from impasto.model.styles import guest
from impasto.model.styles.paintings import read_painting
from impasto.scripts.paint import Wanted


def predicted(painting: str, wanted: Wanted, source: Checkpoint) -> Tensor:
    """The style vector (E,) of a painting's file, or of its vector's text.

    Raises InvalidValue, NoPredictor, PredictorError, LossNetworkMissing, and what `read_painting` does.
    """
    if wanted.small:
        raise InvalidValue("--painting: what is told of it is for the large network; leave --small out")
    with about("--painting"):
        if guest.is_vector(painting.encode()):
            return guest.from_text(painting)
        try:
            data = Path(painting).read_bytes()
        except (OSError, ValueError) as error:  # the latter for what can be no name
            reason = error.strerror if isinstance(error, OSError) else error
            raise InvalidValue(f"{painting}: {reason}") from error
        picture = read_painting(data)
        trained = file.load(file.predictor_file(wanted.checkpoint), source)
        weights = load_weights(read_settings().loss_network_file)
        return StylePredictor(trained, weights=weights, device=wanted.device).predict(picture.rgb)
