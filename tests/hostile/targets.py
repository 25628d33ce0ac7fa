"""What is given bytes of any kind, and may never be at a loss: each target raises for a fault of ours only."""

from __future__ import annotations

import atexit
import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fastapi.testclient import TestClient

from impasto.app.main import create_app
from impasto.app.settings import Settings
from impasto.model.network import checkpoint
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.pictures.images import ImageError, description, format_of, size
from impasto.model.styles.pack import PackError, StylePack
from tests import networks
from tests.hostile import bodies, packs
from tests.hostile.case import Case
from tests.hostile.files import KINDS

LARGEST_SEED = 20_000
"""Bytes: larger files are mutated too slowly."""


@dataclass(frozen=True)
class Target:
    """Something that reads bytes. seeds: what is mutated; read: raises where it should not."""

    seeds: Callable[[], list[bytes]]
    read: Callable[[bytes], object]


def decode_picture(data: bytes) -> None:
    """A file as a picture, and everything else that is read from one."""
    fault = Case("mutated", data, None).fault()
    assert fault is None, fault
    for read in (size, format_of, description):
        try:
            read(data)
        except ImageError:
            continue


def read_pack(data: bytes) -> None:
    """A file as a style pack."""
    try:
        pack = _checkpoint().read_pack(data)
    except PackError:
        return
    assert _checkpoint().read_pack(pack.to_bytes()).to_bytes() == pack.to_bytes()
    json.dumps(asdict(pack.style), ensure_ascii=False).encode()


def read_signed_pack(data: bytes) -> None:
    """A JSON object as what an author says of a pack, who gives it its right digest."""
    try:
        header = json.loads(data)
    except (ValueError, RecursionError):
        return
    if isinstance(header, dict):
        try:
            file = packs.signed(_pack(), header)
        except (ValueError, RecursionError, TypeError):  # which no author can write
            return
        read_pack(file)


def post_form(data: bytes) -> None:
    """A Content-Type, a line break and a body, as a request to paint."""
    kind, _, body = data.partition(b"\n")
    answer = _client().post("/v1/stylize", content=body, headers={b"Content-Type": kind.strip(b"\r\0")})
    assert answer.status_code in _documented(), answer.text
    assert answer.status_code < 500, answer.text
    told = "image/" if answer.status_code == 200 else "application/problem+json"
    assert answer.headers["content-type"].startswith(told)


@cache
def _checkpoint() -> Checkpoint:
    network = networks.tiny_network()
    return networks.tiny_checkpoint(network, networks.tiny_styles(network))


def _pack() -> StylePack:
    return _checkpoint().pack("great-wave", b"")


@cache
def _client() -> TestClient:
    """The service over the tiny network, as long as this process lives."""
    exits = ExitStack()
    atexit.register(exits.close)
    folder = Path(exits.enter_context(TemporaryDirectory()))
    checkpoint.save(_checkpoint(), folder / "tiny.safetensors")
    settings = Settings(
        checkpoint=folder / "tiny.safetensors",
        device="cpu",
        precision="float32",
        max_pixels=500_000,
        max_size=64,
        data_dir=folder,
        worker="external",
        allowed_hosts="testserver",
    )
    return exits.enter_context(TestClient(create_app(settings)))


@cache
def _documented() -> set[int]:
    responses = _client().get("/openapi.json").json()["paths"]["/v1/stylize"]["post"]["responses"]
    return {int(status) for status in responses}


def _pictures() -> list[bytes]:
    return [case.data for cases in KINDS.values() for case in cases() if len(case.data) <= LARGEST_SEED]


def _headers() -> list[bytes]:
    told: dict[str, Any] = {"style": asdict(_pack().style), "fit": _pack().fit.to_json()}
    return [json.dumps(told).encode(), *(json.dumps(header).encode() for header in packs.claims())]


TARGETS = {
    "picture": Target(_pictures, decode_picture),
    "pack": Target(lambda: [_pack().to_bytes(), *(data for _, data in packs.cases(_pack()))], read_pack),
    "signed-pack": Target(_headers, read_signed_pack),
    "form": Target(
        lambda: [kind + b"\n" + body for _, (kind, body) in bodies.cases() if len(body) <= LARGEST_SEED], post_form
    ),
}
