"""One style as a portable file: its vector, what is known of it, how it was fitted, and a small picture.

A safetensors file of about 16 kB, bound to one network by that network's id. Reading one runs no code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as deserialize
from safetensors.torch import save as serialize
from torch import Tensor

from impasto.model.errors import InvalidValue
from impasto.model.styles.fit_record import FitRecord
from impasto.model.styles.style import Style

FORMAT = "impasto-style-pack"
VERSION = 1
LARGEST = 1_000_000
"""Bytes. A pack is a fiftieth of that; nothing larger is looked into."""


class PackError(InvalidValue):
    """The bytes are damaged, foreign, or of a newer format than this code reads."""


class ForeignPack(PackError):
    """The style was fitted to another network, on which its numbers mean nothing."""


@dataclass(frozen=True)
class SmallVector:
    """A style vector (E',), float32, and the id of the small network that it fits."""

    vector: Tensor
    network_id: str


@dataclass(frozen=True)
class StylePack:
    """A style that was fitted to a network.

    vector: (E,), float32.
    network_id: of the network that it fits.
    preview: a JPEG painted in the style; may be empty.
    small: its vector for the small network that learned from that one, if it has any.
    """

    style: Style
    vector: Tensor
    network_id: str
    fit: FitRecord = field(default_factory=FitRecord)
    preview: bytes = b""
    small: SmallVector | None = None

    def to_bytes(self) -> bytes:
        """The pack as a file."""
        tensors = {"vector": self.vector.detach().cpu().float().contiguous()}
        if self.preview:  # safetensors knows no tensor of nothing
            tensors["preview"] = torch.frombuffer(bytearray(self.preview), dtype=torch.uint8)
        known: dict[str, Any] = {}
        if self.small:
            tensors["small"] = self.small.vector.detach().cpu().float().contiguous()
            known["small_network_id"] = self.small.network_id
        header = {
            "version": VERSION,
            "network_id": self.network_id,
            **known,
            "style": asdict(self.style),
            "fit": self.fit.to_json(),
        }
        header["sha256"] = _digest(tensors, header)
        # under one key, since safetensors writes several in a random order, and equal packs are to be equal files
        return serialize(tensors, metadata={FORMAT: json.dumps(header, ensure_ascii=False)})

    @classmethod
    def from_bytes(cls, data: bytes, *, network_id: str, style_size: int) -> StylePack:
        """Read a pack for the network of that id and that length of style vectors.

        Raises PackError for bytes that are cut short, no pack of Impasto, newer than this code or not
        what was saved; ForeignPack for a style of another network.
        """
        tensors, header = _read(data)
        if header.get("version") != VERSION:
            raise PackError(
                f"the style pack has format {header.get('version')}; this code reads {VERSION}. Update Impasto."
            )
        if header.get("network_id") != network_id:
            raise ForeignPack(
                f"the style was fitted to network {header.get('network_id')}, and this is network {network_id}; "
                "fit its painting to this one, or bring it over with `impasto styles migrate`"
            )
        try:
            digest = header.pop("sha256")
            vector = tensors["vector"]
            if vector.dtype != torch.float32 or vector.shape != (style_size,):
                raise ValueError(f"its vector is {tuple(vector.shape)}, not ({style_size},)")
            if not vector.isfinite().all():
                raise ValueError("it holds numbers that are not finite")
            if digest != _digest(tensors, header):
                raise ValueError("its contents are not those that were saved")
            style = Style(**header["style"])
            json.dumps(header, ensure_ascii=False).encode()  # as it is written again: halves of characters cannot be
            fit = FitRecord.from_json(header["fit"])
            preview = tensors["preview"].numpy().tobytes() if "preview" in tensors else b""
            return cls(style, vector, network_id, fit, preview, _small(tensors, header))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RuntimeError) as error:
            raise PackError(f"this is not a valid style pack: {error}") from error


def _small(tensors: Mapping[str, Tensor], header: Mapping[str, Any]) -> SmallVector | None:
    """Raises ValueError, KeyError."""
    if "small" not in tensors:
        return None
    vector, network_id = tensors["small"], header["small_network_id"]
    if vector.dtype != torch.float32 or vector.ndim != 1 or not vector.isfinite().all():
        raise ValueError("its vector for the small network is none")
    return SmallVector(vector, str(network_id))


def _digest(tensors: Mapping[str, Tensor], header: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(name.encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def _read(data: bytes) -> tuple[dict[str, Tensor], dict[str, Any]]:
    if len(data) > LARGEST:
        raise PackError(f"{len(data):,} bytes are no style pack: one has at most {LARGEST:,}")
    try:
        tensors = deserialize(data)
        length = int.from_bytes(data[:8], "little")  # safetensors gives a header to readers of files only
        metadata = json.loads(data[8 : 8 + length]).get("__metadata__", {})
        header = json.loads(metadata[FORMAT]) if FORMAT in metadata else None
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise PackError(f"the style pack is damaged or no safetensors file ({error})") from error
    if not isinstance(header, dict):
        raise PackError("this is a safetensors file, but not a style pack of Impasto")
    return tensors, header
