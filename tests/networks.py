"""A network so small that it paints in milliseconds, with three styles, and a smaller one beside it."""

from __future__ import annotations

from dataclasses import replace

import torch

from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.config import NetworkConfig
from impasto.model.network.style_network import StyleNetwork
from impasto.model.network.training_record import TrainingRecord
from impasto.model.perception.config import ObjectiveConfig
from impasto.model.prediction.file import TrainedPredictor
from impasto.model.prediction.moments import Look
from impasto.model.prediction.predictor import Predictor
from impasto.model.styles.style import Style
from impasto.model.styles.table import StyleTable

TINY = NetworkConfig(widths=(4, 6, 8), residual_blocks=1)
TINY_SMALL = NetworkConfig(widths=(4, 6), residual_blocks=1)


def tiny_network(config: NetworkConfig = TINY) -> StyleNetwork:
    """A network of seeded weights, larger than at the start of a training, so that styles show."""
    torch.manual_seed(0)
    network = StyleNetwork(config)
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(10)
    return network.eval().requires_grad_(False)


def tiny_styles(network: StyleNetwork) -> StyleTable:
    """Three styles with seeded vectors."""
    random = torch.Generator().manual_seed(1)
    vectors = network.identity_style() + 0.5 * torch.randn(3, network.style_size, generator=random)
    styles = [
        Style("great-wave", "The Great Wave", "Hokusai", "1831", "public domain"),
        Style("starry-night", "The Starry Night", "Vincent van Gogh", "1889", "public domain"),
        Style("the-scream", "The Scream", "Edvard Munch", "1893", "public domain"),
    ]
    return StyleTable(styles, vectors)


def tiny_checkpoint(network: StyleNetwork, styles: StyleTable) -> Checkpoint:
    """Both, as a training leaves them, and a small network that has learned from this one."""
    training = TrainingRecord(
        steps=3,
        objective=ObjectiveConfig(painting_size=64),
        losses={"total": 2.5, "content_error": 0.5, "style_distance": 0.25},
        held_out=("photo-0.jpg",),
        revision="abcdef123456",
        config={"steps": 3, "crop": 32},
    )
    large = Checkpoint(network, styles, training)
    small = tiny_network(TINY_SMALL)
    return replace(large, small=Checkpoint(small, tiny_styles(small), TrainingRecord(teacher=large.network_id)))


def tiny_predictor(source: Checkpoint) -> TrainedPredictor:
    """One that has learned nothing, but predicts another style for every painting."""
    torch.manual_seed(2)
    predictor = Predictor(1920, source.network.style_size).requires_grad_(False)
    return TrainedPredictor(predictor, Look.of(source.training.objective), source.network_id)
