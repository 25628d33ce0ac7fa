"""Style packs: what they carry, how large they are, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save as serialize

from impasto.model.network.config import SHIPPED
from impasto.model.styles.fit_record import FitRecord
from impasto.model.styles.pack import LARGEST, ForeignPack, PackError, SmallVector, StylePack, _digest
from impasto.model.styles.style import Style
from tests.pictures import encoded, photo

STYLE = Style("my-style", "My Style", "Zoë", "2026", "CC0", "https://example.org/painting")
PACK = StylePack(
    STYLE, torch.linspace(-1, 1, 3206), "0123456789abcdef", FitRecord(losses={"style_distance": 0.5}), b"\xff\xd8"
)


def read(data: bytes, *, network_id: str = PACK.network_id, style_size: int = 3206) -> StylePack:
    return StylePack.from_bytes(data, network_id=network_id, style_size=style_size)


def test_a_pack_survives_as_a_file() -> None:
    again = read(PACK.to_bytes())
    assert torch.equal(again.vector, PACK.vector)
    assert (again.style, again.fit, again.preview, again.network_id) == (STYLE, PACK.fit, PACK.preview, PACK.network_id)


def test_a_pack_carries_a_vector_for_the_small_network_too() -> None:
    small = SmallVector(torch.linspace(0, 1, 1542), "fedcba9876543210")
    data = replace(PACK, small=small).to_bytes()
    again = read(data).small
    assert again and torch.equal(again.vector, small.vector)
    assert again.network_id == small.network_id
    assert read(PACK.to_bytes()).small is None
    with pytest.raises(PackError, match="its vector for the small network is none"):
        read(replace(PACK, small=replace(small, vector=small.vector / 0)).to_bytes())


def test_a_pack_need_not_have_a_preview() -> None:
    assert read(replace(PACK, preview=b"").to_bytes()).preview == b""


def test_a_pack_with_a_preview_is_about_as_large_as_its_numbers() -> None:
    preview = encoded(photo(height=64, width=96), "JPEG", quality=75)
    assert 3206 * 4 < len(replace(PACK, preview=preview).to_bytes()) < 20_000


def test_a_pack_of_another_network_is_refused_by_name() -> None:
    with pytest.raises(ForeignPack, match="network 0123456789abcdef, and this is network fedcba9876543210"):
        read(PACK.to_bytes(), network_id="fedcba9876543210")


def header_changed(**fields: Any) -> bytes:
    """The pack's file with something else in its header."""
    data = PACK.to_bytes()
    length = int.from_bytes(data[:8], "little")
    outer = json.loads(data[8 : 8 + length])
    inner = json.loads(outer["__metadata__"]["impasto-style-pack"])
    outer["__metadata__"]["impasto-style-pack"] = json.dumps({**inner, **fields})
    text = json.dumps(outer).encode()
    return len(text).to_bytes(8, "little") + text + data[8 + length :]


def signed(**fields: Any) -> bytes:
    """The pack's file with something else in its header, saved as if it were right."""
    header = {"version": 1, "network_id": PACK.network_id, "style": asdict(STYLE), "fit": {}, **fields}
    header["sha256"] = _digest({"vector": PACK.vector}, header)
    return serialize({"vector": PACK.vector}, metadata={"impasto-style-pack": json.dumps(header)})


def test_equal_packs_are_equal_files() -> None:
    assert len({PACK.to_bytes() for _ in range(8)}) == 1


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda: b"", "damaged"),
        (lambda: b"not a pack at all", "damaged"),
        (lambda: PACK.to_bytes()[:-100], "damaged"),
        (lambda: PACK.to_bytes()[:200], "damaged"),
        (lambda: bytes(LARGEST), "damaged"),
        (lambda: bytes(50_000_000), "50,000,000 bytes are no style pack"),
        (lambda: encoded(photo()), "damaged"),
        (lambda: serialize({"vector": PACK.vector}), "not a style pack of Impasto"),
        (lambda: SHIPPED.read_bytes()[:LARGEST], "damaged"),
        (lambda: header_changed(version=2), "format 2; this code reads 1. Update Impasto"),
        (lambda: header_changed(style={"id": "other", "title": ""}), "not those that were saved"),
        (lambda: header_changed(style={"id": "Not a slug!", "title": ""}), "not those that were saved"),
        (lambda: header_changed(style=None), "not those that were saved"),
        (lambda: header_changed(sha256=""), "not those that were saved"),
        (lambda: serialize({"vector": PACK.vector}, metadata={"impasto-style-pack": "[]"}), "not a style pack of"),
        (lambda: PACK.to_bytes()[:-1] + b"\x00", "not those that were saved"),
        (lambda: replace(PACK, vector=PACK.vector[:-1]).to_bytes(), r"\(3205,\), not \(3206,\)"),
        (lambda: replace(PACK, vector=PACK.vector[None]).to_bytes(), r"\(1, 3206\), not \(3206,\)"),
        (lambda: replace(PACK, vector=PACK.vector.log()).to_bytes(), "not finite"),
    ],
)
def test_what_is_no_valid_pack_is_refused_with_its_fault(broken: Callable[[], bytes], message: str) -> None:
    with pytest.raises(PackError, match=message):
        read(broken())


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    with pytest.raises(PackError):
        read(data)


@given(st.integers(0, 13_000), st.integers(1, 255))
def test_no_flipped_byte_goes_unnoticed(position: int, change: int) -> None:
    data = bytearray(PACK.to_bytes())
    data[position] ^= change
    with pytest.raises(PackError):
        read(bytes(data))


@pytest.mark.parametrize(
    "fit",
    [
        {"grade": "great"},
        {"losses": {"style_distance": "near"}},
        {"losses": {"style_distance": float("nan")}},
        {"losses": [1]},
        {"losses": {"style_distance": 10**400}},
        {"losses": {"style_distance": True}},
        {"losses": {"\ud800": 0.5}},
        {"message": "\ud800"},
        {"message": "x" * 1001},
        {"message": 5},
        {"config": {"steps": "\udfff"}},
        {"config": {"\udfff": 1}},
        {"passes": 10**400},
        {"passes": -1},
        [],
    ],
)
def test_a_fit_that_could_not_be_shown_is_refused(fit: Any) -> None:
    with pytest.raises(PackError, match="not a valid style pack"):
        read(signed(fit=fit))


@pytest.mark.parametrize(
    "known",
    [{"title": 123}, {"title": None}, {"title": "A", "year": 1889}, {"title": "a\x00"}, {"title": "\ud83c"},
     {"title": "x" * 300_000}, {"title": "A", "year": "x" * 201}, {}],
)  # fmt: skip
def test_a_style_that_could_not_be_shown_is_refused(known: dict[str, Any]) -> None:
    with pytest.raises(PackError, match=r"title|year"):
        read(signed(style={"id": "a", **known}))


def test_json_nested_too_deep_is_no_pack() -> None:
    nested = "[" * 100_000 + "]" * 100_000
    with pytest.raises(PackError, match="damaged"):
        read(serialize({"vector": PACK.vector}, metadata={"impasto-style-pack": nested}))
