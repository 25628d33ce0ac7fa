"""A predictor as a safetensors file of 2 MB, bound to one network and to one way of looking at paintings.

Beside a checkpoint, as `NAME-predictor.safetensors`, it is that checkpoint's. Loading runs no code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialize
from torch import Tensor

from impasto.model.errors import InvalidValue
from impasto.model.files import write_whole
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.prediction.moments import Look
from impasto.model.prediction.predictor import Predictor

FORMAT = "impasto-predictor"
VERSION = 1


class PredictorError(InvalidValue):
    """The file is damaged, foreign, or of a newer format than this code reads."""


class ForeignPredictor(PredictorError):
    """It predicts styles for another network, on which its vectors mean nothing."""


class NoPredictor(InvalidValue):
    """A style is to be predicted where there is no predictor."""


@dataclass(frozen=True)
class PredictionRecord:
    """How a predictor was trained.

    steps: updates. losses, held_out_losses: averages over the last pictures, and over those in the styles of paintings
        that were kept out. held_out: ids of these. photos: names of the photos kept out.
    revision: commit of the code, if it was run from a checkout. torch: its version.
    config: everything that was chosen, to be read by people.
    """

    steps: int = 0
    losses: Mapping[str, float] = field(default_factory=dict)
    held_out_losses: Mapping[str, float] = field(default_factory=dict)
    held_out: tuple[str, ...] = ()
    photos: tuple[str, ...] = ()
    revision: str | None = None
    torch: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainedPredictor:
    """A predictor, how it looks at paintings, whose styles it predicts, and how it came to be."""

    predictor: Predictor
    look: Look
    network_id: str
    training: PredictionRecord = field(default_factory=PredictionRecord)

    @cached_property
    def id(self) -> str:
        """16 hex digits by which it is told from others."""
        return _digest(self.predictor.state_dict())[:16]


_LOOK, _RECORD = TypeAdapter(Look), TypeAdapter(PredictionRecord)


def predictor_file(path: Path) -> Path:
    """Where the predictor of a checkpoint is, if it has one."""
    return path.with_name(f"{path.stem}-predictor{path.suffix}")


def save(trained: TrainedPredictor, path: Path) -> None:
    """Write a predictor; the file appears whole or not at all."""
    tensors = {
        name: value.detach().cpu().float().contiguous() for name, value in trained.predictor.state_dict().items()
    }
    header = {
        "format": FORMAT,
        "version": str(VERSION),
        "network_id": trained.network_id,
        "look": json.dumps(asdict(trained.look)),
        "training": json.dumps(asdict(trained.training), ensure_ascii=False),
        "sha256": _digest(tensors),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, serialize(tensors, metadata=header))


def load(path: Path, source: Checkpoint) -> TrainedPredictor:
    """Read a predictor of styles for the network of a checkpoint.

    Raises NoPredictor where there is no file; PredictorError for one that is cut short, no predictor of Impasto, newer
    than this code, for another loss network, or not what was saved; ForeignPredictor for one of another network.
    """
    if not path.is_file():
        raise NoPredictor(
            f"there is no predictor at {path}; `impasto train-predictor` makes one, or fit the painting step by step"
        )
    try:
        with safe_open(path, framework="pt") as file:
            names = file.keys()
            tensors, header = {name: file.get_tensor(name) for name in names}, file.metadata() or {}
    except SafetensorError as error:
        raise PredictorError(f"{path} is damaged or no safetensors file ({error})") from error
    if header.get("format") != FORMAT:
        raise PredictorError(f"{path} is a safetensors file, but not a predictor of Impasto")
    if header.get("version") != str(VERSION):
        raise PredictorError(
            f"{path} has predictor format {header.get('version')}; this code reads {VERSION}. Update Impasto."
        )
    if header.get("network_id") != source.network_id:
        raise ForeignPredictor(
            f"{path} predicts styles for network {header.get('network_id')}, and this is network {source.network_id}; "
            "remove it, or train one with --checkpoint"
        )
    try:
        look = _LOOK.validate_json(header["look"])
        predictor = Predictor(tensors["encoder.weight"].shape[1], source.network.style_size)
        predictor.load_state_dict(tensors)
        if look.loss_network != Look.loss_network:
            raise ValueError(f"it looks at paintings by {look.loss_network}; this code has {Look.loss_network}")
        if header["sha256"] != _digest(tensors):
            raise ValueError("its numbers are not those that were saved")
        if not all(bool(torch.isfinite(value).all()) for value in tensors.values()):
            raise ValueError("it holds numbers that are not finite")
        training = _RECORD.validate_json(header["training"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise PredictorError(f"{path} is not a valid predictor: {error}") from error
    return TrainedPredictor(predictor.requires_grad_(False), look, source.network_id, training)


def find(path: Path, source: Checkpoint) -> TrainedPredictor | None:
    """The predictor of a checkpoint, which lies beside it; None where there is none. Raises as `load` does."""
    beside = predictor_file(path)
    return load(beside, source) if beside.exists() else None


def _digest(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().numpy().tobytes())
    return digest.hexdigest()
