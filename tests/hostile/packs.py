"""Style packs that somebody made up: files that lie, and honest files of what no style can be."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from safetensors.torch import save

from impasto.model.styles.pack import FORMAT, StylePack
from impasto.model.styles.style import Style

HUGE = 2**64 - 1
DEEP = "[" * 20_000 + "]" * 20_000


def signed(pack: StylePack, header: dict[str, Any], **tensors: torch.Tensor) -> bytes:
    """A pack's file with other things in it, and the digest that its author gives it."""
    tensors = {"vector": pack.vector, **tensors}
    told: dict[str, Any] = {"version": 1, "network_id": pack.network_id, "style": {"id": "a", "title": "A"}, "fit": {}}
    told |= header
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(name.encode() + tensor.contiguous().view(torch.uint8).numpy().tobytes())
    return save(tensors, metadata={FORMAT: json.dumps({**told, "sha256": digest.hexdigest()})})


def cases(pack: StylePack) -> Iterator[tuple[str, bytes]]:
    """Files that are to be refused, for the network of a good pack."""
    good = pack.to_bytes()
    (length,) = struct.unpack_from("<Q", good)
    for share in (0, 0.001, 0.01, 0.1, 0.5, 0.9, 0.999):
        yield f"cut off at {share:.1%}", good[: int(len(good) * share)]
    for said in (0, 1, length - 1, length + 1, len(good), 2**31, 2**63, HUGE):
        yield f"of a header of {said} bytes", struct.pack("<Q", said) + good[8:]
    yield "with something behind", good + b"?"
    yield from ((f"of header {n}", _file(text)) for n, text in enumerate(_headers(len(pack.vector))))
    yield from ((f"that says {json.dumps(header)[:60]}", signed(pack, header)) for header in claims())
    for name, vector in {
        "of no numbers": pack.vector[:0],
        "of one number": pack.vector[:1],
        "of a number more": torch.cat([pack.vector, pack.vector[:1]]),
        "of a column": pack.vector[:, None],
        "of doubles": pack.vector.double(),
        "of halves": pack.vector.half(),
        "of whole numbers": pack.vector.long(),
        "of truths": pack.vector > 0,
        "with one that is none": pack.vector.clone().index_fill_(0, torch.tensor([1]), torch.nan),
        "with an infinite one": pack.vector.clone().index_fill_(0, torch.tensor([1]), torch.inf),
    }.items():
        yield f"{name}", signed(pack, {}, vector=vector)


def odd(pack: StylePack, name: str) -> bytes:
    """A file that is a pack, of a style that hardly anybody would make."""
    match name:
        case "a preview that is no picture":
            return replace(pack, preview=b"<script>").to_bytes()
        case "a preview of 150 kB":
            return replace(pack, preview=bytes(150_000)).to_bytes()
        case "tensors of nobody's":
            return signed(pack, {}, **{f"other-{n}": torch.zeros(1) for n in range(500)})
        case "letters of all kinds":
            return replace(pack, style=Style("a", "\u202eA\u0301\ufeff👩‍🎨" * 20)).to_bytes()
        case number:
            return replace(pack, vector=torch.full_like(pack.vector, float(number))).to_bytes()


ODD = (
    *("a preview that is no picture", "a preview of 150 kB", "tensors of nobody's", "letters of all kinds"),
    *("0", "1e-38", "-1e-38", "1e30", "-1e30", "3.4e38", "-3.4e38"),
)
"""What `odd` makes."""


def _file(header: str) -> bytes:
    text = header.encode("utf-8", "surrogatepass")
    return struct.pack("<Q", len(text)) + text + bytes(4096)


def _headers(numbers: int) -> list[str]:
    """Headers of safetensors files, in JSON or nearly."""

    def tensor(**changes: Any) -> str:
        return json.dumps({"vector": {"dtype": "F32", "shape": [numbers], "data_offsets": [0, 4 * numbers], **changes}})

    return [
        "",
        "no JSON",
        "null",
        "[]",
        "{}",
        '{"vector": 5}',
        DEEP,
        '{"a":' * 20_000 + "1" + "}" * 20_000,
        '{"vector": ' + DEEP + "}",
        tensor(data_offsets=[0, 2**63]),
        tensor(data_offsets=[4096, 0]),
        tensor(data_offsets=[-8, 8]),
        tensor(data_offsets=[0]),
        tensor(data_offsets=None),
        tensor(shape=[2**62, 2**62]),
        tensor(shape=[2**64]),
        tensor(shape=[-1]),
        tensor(shape=[numbers] * 200),
        tensor(shape="all"),
        tensor(dtype="F31"),
        tensor(dtype="F4"),
        tensor(dtype=5),
        tensor(more=1),
        '{"vector":1,"vector":2}',
        json.dumps({"__metadata__": {FORMAT: 5}}),
        json.dumps({"__metadata__": {FORMAT: "{"}}),
        json.dumps({"__metadata__": {FORMAT: DEEP}}),
        json.dumps({"__metadata__": {FORMAT: "{}"}}),
        json.dumps({"__metadata__": {FORMAT: "1" * 5000}}),
        json.dumps({"__metadata__": {"x" * 900_000: "y"}}),
        json.dumps({"__metadata__": 5}),
        '{"__metadata__": {"\ud800": "a"}}',
    ]


def claims() -> Iterator[dict[str, Any]]:
    """What a pack may say of its style that no style can be."""
    yield from ({"version": value} for value in (2, None, 10**400))
    yield from ({"network_id": value} for value in (None, "0123456789abcdef", ["x"] * 1000))
    styles: list[Any] = [None, 5, [], {}, "a", {"id": "a"}, {"id": "a", "title": "A", "more": 1}]
    yield from ({"style": style} for style in styles)
    ids: list[Any] = [None, 5, True, [], {}, "", "A", "../a", "a\0", "a" * 65, "-", "a--b", "a/b", "\ud800", "ß"]
    yield from ({"style": {"id": value, "title": "A"}} for value in ids)
    texts: list[Any] = [None, 5, True, [], "\0", "\n", "\ud800", "x" * 1001]
    for name in ("title", "artist", "year", "licence", "source"):
        yield from ({"style": {"id": "a", "title": "A", name: text}} for text in texts)
    fits: list[Any] = [
        *(None, 5, "x", [1], {"passes": -1}, {"passes": "many"}, {"passes": 1e400}, {"losses": {"a": None}}),
        *({"losses": {"A": 1.0}}, {"losses": {"a": 1e400}}, {"artefacts": {"a" * 65: 1.0}}, {"grade": "best"}),
        *({"config": 5}, {"message": "x" * 1001}),
    ]
    yield from ({"fit": fit} for fit in fits)
