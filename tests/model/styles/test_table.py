"""Styles found by their ids."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.model.styles.style import Style
from impasto.model.styles.table import StyleTable, UnknownStyle

IDS = ("great-wave", "starry-night", "the-scream")


def test_an_unknown_style_names_the_nearest(tiny_styles: StyleTable) -> None:
    with pytest.raises(UnknownStyle, match="unknown style 'stary-nite'; did you mean starry-night") as caught:
        tiny_styles.blend({"stary-nite": 1.0})
    assert caught.value.style_id == "stary-nite"
    assert caught.value.nearest[0] == "starry-night"


def test_an_unknown_style_like_no_other_names_none(tiny_styles: StyleTable) -> None:
    with pytest.raises(UnknownStyle) as caught:
        tiny_styles["qqqqq"]
    assert caught.value.nearest == []
    assert str(caught.value) == "unknown style 'qqqqq'"


def test_a_table_finds_its_styles_by_id(tiny_styles: StyleTable) -> None:
    assert tiny_styles.ids == IDS
    assert len(tiny_styles) == 3
    assert tiny_styles["the-scream"].artist == "Edvard Munch"
    assert "the-scream" in tiny_styles
    assert "the-shout" not in tiny_styles


@pytest.mark.parametrize("vectors", [torch.zeros(2, 8), torch.zeros(8)])
def test_a_table_without_one_vector_per_style_is_an_error(tiny_styles: StyleTable, vectors: Tensor) -> None:
    with pytest.raises(ValueError, match=r"3 styles need vectors \(3, E\)"):
        StyleTable(tiny_styles.styles, vectors)


def test_two_styles_of_one_id_are_an_error() -> None:
    with pytest.raises(ValueError, match="the same id"):
        StyleTable([Style("a", "A"), Style("a", "Another")], torch.zeros(2, 8))


def test_a_joined_table_keeps_every_style_and_vector(tiny_styles: StyleTable) -> None:
    vector = torch.arange(tiny_styles.vectors.shape[1]).float()
    joined = tiny_styles.joined([Style("new", "New")], [vector])
    assert joined.ids == (*IDS, "new")
    assert torch.equal(joined.vectors[:3], tiny_styles.vectors)
    assert torch.equal(joined.blend({"new": 1.0}), vector)
    assert tiny_styles.ids == IDS


def test_an_id_cannot_be_joined_twice(tiny_styles: StyleTable) -> None:
    with pytest.raises(ValueError, match="same id"):
        tiny_styles.joined([Style("the-scream", "Again")], [tiny_styles.vectors[0]])


def test_a_table_without_a_style_has_all_others_with_their_vectors(tiny_styles: StyleTable) -> None:
    rest = tiny_styles.without("starry-night")
    assert rest.ids == ("great-wave", "the-scream")
    assert torch.equal(rest.vectors, tiny_styles.vectors[[0, 2]])
    assert tiny_styles.without("elsewhere").ids == tiny_styles.ids


def test_of_an_id_of_a_megabyte_no_more_is_compared_than_an_id_has(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def none(text: str, *_: object, **__: object) -> list[str]:
        compared.append(text)
        return []

    monkeypatch.setattr("difflib.get_close_matches", none)
    error = UnknownStyle("x" * 1_000_000, ["a"])
    assert compared == ["x" * 64]
    assert len(str(error)) < 100
