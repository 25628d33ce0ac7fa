"""What is known of a style, and its id."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.model.styles.style import InvalidStyle, Style, slug


@pytest.mark.parametrize("style_id", ["", "Starry", "a b", "-a", "a-", "a--b", "a_b", "../a", "é", "a\n", "a" * 65])
def test_an_id_that_is_no_slug_is_an_error(style_id: str) -> None:
    with pytest.raises(ValueError, match=r"a style id is lower-case|id: control"):
        Style(style_id, "Title")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Great Wave (1831)", "great-wave-1831"),
        ("already-a-slug", "already-a-slug"),
        ("  __x__  ", "x"),
        ("Paul Sérusier", "paul-serusier"),
        ("a" * 63 + " b", "a" * 63),
    ],
)
def test_a_text_becomes_the_nearest_id(text: str, expected: str) -> None:
    assert slug(text) == expected


@given(text=st.text())
def test_whatever_slug_makes_is_an_id(text: str) -> None:
    try:
        Style(slug(text), "Title")
    except ValueError as error:
        assert "no style id can be made of" in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("title", 123, "title: a text is needed, not int"),
        ("year", 1889, "year: a text is needed, not int"),
        ("artist", None, "artist: a text is needed, not NoneType"),
        ("id", ["a"], "id: a text is needed, not list"),
        ("title", "a" * 201, "title: at most 200 characters, not 201"),
        ("source", "a" * 1001, "source: at most 1000 characters, not 1001"),
        ("licence", "a\x00b", "licence: control characters"),
        ("artist", "a\nb", "artist: control characters"),
        ("title", "\u2028", "title: control characters"),
        ("title", "\ud800", "title: control characters"),
    ],
)
def test_what_cannot_be_shown_of_a_style_is_refused_by_its_field(field: str, value: Any, fault: str) -> None:
    known = {"id": "a", "title": "A", field: value}
    with pytest.raises(InvalidStyle, match=fault):
        Style(**known)


def test_texts_of_any_script_and_of_the_greatest_length_are_accepted() -> None:
    longest = Style("a" * 64, "é" * 200, "葛飾北斎", "👩\u200d🎨", source="a" * 1000)
    assert longest.artist == "葛飾北斎"
