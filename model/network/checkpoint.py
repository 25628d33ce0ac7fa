"""A trained network as one safetensors file that says what it is.

The tensors are the convolutions (`network.*`) and the style table (`styles`); the header has
everything needed to rebuild and to cite them. Loading runs no code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path

import torch
from pydantic import TypeAdapter
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialize
from torch import Tensor

from impasto.model.errors import InvalidValue
from impasto.model.files import write_whole
from impasto.model.network.config import SHIPPED, NetworkConfig, StrokeConfig, Which
from impasto.model.network.style_network import StyleNetwork
from impasto.model.network.training_record import TrainingRecord
from impasto.model.styles.fit_record import FitRecord
from impasto.model.styles.pack import PackError, SmallVector, StylePack
from impasto.model.styles.style import Style
from impasto.model.styles.table import StyleTable

_STROKES = TypeAdapter(StrokeConfig)
FORMAT = "impasto-checkpoint"
VERSION = 1


class CheckpointError(InvalidValue):
    """The file is damaged, foreign, or of a newer format than this code reads."""


class NoSmallNetwork(InvalidValue):
    """The small network is asked for where there is none."""


@dataclass(frozen=True)
class Checkpoint:
    """A network, its styles, how they came to be, and how large pictures get strokes of the right size.

    small: a network that learned from this one, with vectors of the same styles, if there is one. It is a checkpoint of
        its own, in a file beside this one's.
    """

    network: StyleNetwork
    styles: StyleTable
    training: TrainingRecord = field(default_factory=TrainingRecord)
    strokes: StrokeConfig = field(default_factory=StrokeConfig)
    small: Checkpoint | None = None

    @cached_property
    def network_id(self) -> str:
        return network_id(self.network)

    def pack(self, style_id: str, preview: bytes) -> StylePack:
        """One of its styles as a pack. preview: a small JPEG. Raises UnknownStyle."""
        row = self.styles.row(style_id)
        fit = FitRecord(losses=self.training.style_losses.get(style_id, {}))
        small = None
        if self.small and style_id in self.small.styles:
            small = SmallVector(self.small.styles.blend({style_id: 1.0}), self.small.network_id)
        return StylePack(self.styles.styles[row], self.styles.vectors[row], self.network_id, fit, preview, small)

    @property
    def both(self) -> list[Checkpoint]:
        """This one, and that of its small network if there is one."""
        return [self, self.small] if self.small else [self]

    @property
    def network_ids(self) -> list[str]:
        """Of its networks."""
        return [each.network_id for each in self.both]

    @property
    def channels(self) -> set[int]:
        """Every number of channels that is normalized in its networks."""
        return {norm.channels for each in self.both for norm in each.network.norms}

    def of(self, which: Which) -> Checkpoint:
        """One of its networks, with its styles. Raises NoSmallNetwork."""
        if which == "large":
            return self
        if self.small is None:
            raise NoSmallNetwork("there is no small network beside this one; paint with the large one")
        return self.small

    def joined(self, packs: Sequence[StylePack]) -> Checkpoint:
        """This checkpoint with more styles, of packs that it has read; those of its small network too."""
        styles = self.styles.joined([pack.style for pack in packs], [pack.vector for pack in packs])
        if not self.small:
            return self._with(styles)
        fitted = [(pack.style, pack.small) for pack in packs if pack.small]
        both = [(style, each.vector) for style, each in fitted if each.network_id == self.small.network_id]
        table = self.small.styles.joined([style for style, _ in both], [vector for _, vector in both])
        return self._with(styles, self.small._with(table.beside(styles)))

    def without(self, style_id: str) -> Checkpoint:
        """This checkpoint with all other styles; those of its small network too. Raises UnknownStyle."""
        self.styles.row(style_id)
        styles = self.styles.without(style_id)
        if not self.small:
            return self._with(styles)
        return self._with(styles, self.small._with(self.small.styles.without(style_id).beside(styles)))

    def _with(self, styles: StyleTable, small: Checkpoint | None = None) -> Checkpoint:
        """The same network with other styles; whoever asks for its id need not wait until it is hashed again."""
        other = replace(self, styles=styles, small=small)
        vars(other)["network_id"] = self.network_id
        return other

    def read_pack(self, data: bytes) -> StylePack:
        """A style pack for this network, from a file. Raises PackError."""
        pack = StylePack.from_bytes(data, network_id=self.network_id, style_size=self.network.style_size)
        if self.small and pack.small and pack.small.network_id == self.small.network_id:
            found, wanted = len(pack.small.vector), self.small.network.style_size
            if found != wanted:
                raise PackError(f"its vector for the small network has {found} numbers, not {wanted}")
        return pack


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


def small_file(path: Path) -> Path:
    """Where the small network of a checkpoint is, if it has one."""
    return path.with_name(f"{path.stem}-small{path.suffix}")


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint, and that of its small network beside it. Each file appears whole or not at all."""
    if checkpoint.small:
        save(checkpoint.small, small_file(path))
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
    """Read a checkpoint, and that of its small network if it is beside it.

    Raises FileNotFoundError, and CheckpointError for a file that is cut short, not a checkpoint of
    Impasto, newer than this code, or not what its own header says; or a small network that learned from another.
    """
    large = _load(path)
    beside = small_file(path)
    if not beside.exists():
        return large
    small = _load(beside)
    if small.training.teacher != large.network_id:
        raise CheckpointError(
            f"{beside} learned from network {small.training.teacher}, and {path} is network {large.network_id}; "
            "remove it, or train one with --teacher"
        )
    return replace(large, small=replace(small, styles=small.styles.beside(large.styles), strokes=large.strokes))


def _load(path: Path) -> Checkpoint:
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
