"""A trained network as one safetensors file that says what it is.

The tensors are the convolutions (`network.*`) and the style table (`styles`); the header has
everything needed to rebuild and to cite them. Loading runs no code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from pydantic import TypeAdapter
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialize
from torch import Tensor

from impasto.model.errors import InvalidValue
from impasto.model.files import write_whole
from impasto.model.network.config import SHIPPED, NetworkConfig, StrokeConfig
from impasto.model.network.style_network import StyleNetwork
from impasto.model.network.training_record import TrainingRecord
from impasto.model.styles.fit_record import FitRecord
from impasto.model.styles.pack import StylePack
from impasto.model.styles.style import Style
from impasto.model.styles.table import StyleTable

_STROKES = TypeAdapter(StrokeConfig)
FORMAT = "impasto-checkpoint"
VERSION = 1


class CheckpointError(InvalidValue):
    """The file is damaged, foreign, or of a newer format than this code reads."""


@dataclass(frozen=True)
class Checkpoint:
    """A network, its styles, how they came to be, and how large pictures get strokes of the right size."""

    network: StyleNetwork
    styles: StyleTable
    training: TrainingRecord = field(default_factory=TrainingRecord)
    strokes: StrokeConfig = field(default_factory=StrokeConfig)

    @property
    def network_id(self) -> str:
        return network_id(self.network)

    def pack(self, style_id: str, preview: bytes) -> StylePack:
        """One of its styles as a pack. preview: a small JPEG. Raises UnknownStyle."""
        row = self.styles.row(style_id)
        fit = FitRecord(losses=self.training.style_losses.get(style_id, {}))
        return StylePack(self.styles.styles[row], self.styles.vectors[row], self.network_id, fit, preview)

    def read_pack(self, data: bytes) -> StylePack:
        """A style pack for this network, from a file. Raises PackError."""
        return StylePack.from_bytes(data, network_id=self.network_id, style_size=self.network.style_size)


def network_id(network: StyleNetwork) -> str:
    """The identity of a network: 16 hex digits of the SHA-256 of its convolution weights.

    Style vectors fit one network only; this is how they find out whether it is theirs.
    """
    return _digest(network.state_dict())[:16]


def _digest(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().float().contiguous().numpy().tobytes())
    return digest.hexdigest()


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint. The file appears whole or not at all."""
    tensors = {
        f"network.{name}": value.detach().cpu().float().contiguous()
        for name, value in checkpoint.network.state_dict().items()
    }
    tensors["styles"] = checkpoint.styles.vectors.detach().cpu().float().contiguous()
    header = {
        "format": FORMAT,
        "version": str(VERSION),
        "network_id": checkpoint.network_id,
        "sha256": _digest(tensors),
        "network": json.dumps(asdict(checkpoint.network.config)),
        "styles": json.dumps([asdict(style) for style in checkpoint.styles.styles], ensure_ascii=False),
        "training": json.dumps(checkpoint.training.to_json(), ensure_ascii=False),
        "strokes": json.dumps(asdict(checkpoint.strokes)),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, serialize(tensors, metadata=header))  # save_file would make it unreadable for others


def load(path: Path = SHIPPED) -> Checkpoint:
    """Read a checkpoint.

    Raises FileNotFoundError, and CheckpointError for a file that is cut short, not a checkpoint of
    Impasto, newer than this code, or not what its own header says.
    """
    tensors, header = _read(path)
    if header.get("format") != FORMAT:
        raise CheckpointError(f"{path} is a safetensors file, but not an Impasto checkpoint")
    if header.get("version") != str(VERSION):
        raise CheckpointError(
            f"{path} has checkpoint format {header.get('version')}; this code reads {VERSION}. Update Impasto."
        )
    try:
        digest = _digest(tensors)
        config = json.loads(header["network"])
        network = StyleNetwork(NetworkConfig(tuple(config["widths"]), config["residual_blocks"]))
        vectors = tensors.pop("styles")
        network.load_state_dict({name.removeprefix("network."): value for name, value in tensors.items()})
        table = StyleTable([Style(**style) for style in json.loads(header["styles"])], vectors)
        training = TrainingRecord.from_json(json.loads(header["training"]))
        strokes = _STROKES.validate_json(header.get("strokes", "{}"))  # older checkpoints have none
        checkpoint = Checkpoint(network, table, training, strokes)
        if vectors.shape[1] != network.style_size:
            raise ValueError(f"style vectors of {vectors.shape[1]} numbers for a network of {network.style_size}")
        if checkpoint.network_id != header["network_id"]:
            raise ValueError("the convolution weights are not those of its network id")
        if not all(bool(torch.isfinite(value).all()) for value in (vectors, *network.parameters())):
            raise ValueError("it holds numbers that are not finite")
        if digest != header["sha256"]:
            raise ValueError("its numbers are not those that were saved")
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, RuntimeError) as error:
        raise CheckpointError(f"{path} is not a valid Impasto checkpoint: {error}") from error
    return checkpoint


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint at {path}")
    try:
        with safe_open(path, framework="pt") as file:
            names = file.keys()
            return {name: file.get_tensor(name) for name in names}, file.metadata() or {}
    except SafetensorError as error:
        raise CheckpointError(f"{path} is damaged or no safetensors file ({error})") from error
