"""A style that is known for one picture only."""

from __future__ import annotations

import base64

import numpy as np
import pytest
import torch

from impasto.model.errors import InvalidValue
from impasto.model.styles import guest
from impasto.model.styles.guest import PAINTING
from impasto.model.styles.table import StyleTable


def test_it_blends_with_the_styles_that_are_known(tiny_styles: StyleTable) -> None:
    vector = torch.rand(tiny_styles.vectors.shape[1])
    styles = guest.welcome(tiny_styles, vector)
    torch.testing.assert_close(styles.blend({PAINTING: 1.0}), vector)
    expected = 0.25 * vector + 0.75 * tiny_styles.blend({"great-wave": 1.0})
    torch.testing.assert_close(styles.blend({PAINTING: 0.25, "great-wave": 0.75}), expected)
    assert PAINTING not in tiny_styles


def test_before_it_is_predicted_it_has_a_place(tiny_styles: StyleTable) -> None:
    assert not guest.welcome(tiny_styles).blend({PAINTING: 1.0}).any()


def test_a_vector_of_another_network_is_refused(tiny_styles: StyleTable) -> None:
    with pytest.raises(InvalidValue, match=r"painting: its vector has 7 numbers, and this network's have"):
        guest.welcome(tiny_styles, torch.rand(7))


def test_it_is_invited_by_its_id() -> None:
    assert guest.is_invited([{"great-wave": 1.0}, {"great-wave": 0.5, PAINTING: 0.5}])
    assert not guest.is_invited([{"great-wave": 1.0}, []])


def test_its_vector_comes_back_bit_for_bit_and_may_be_written_to() -> None:
    vector = torch.randn(3206)
    text = guest.to_text(vector)
    assert len(text) == guest.letters(3206) < 18_000 and guest.is_vector(text.encode())
    back = guest.from_text(text)
    assert torch.equal(back, vector)
    back[0] = 1


@pytest.mark.parametrize("text", ["", "vector:", "vector:%%%%", "vector:AAA", "vector:ä", "vector:AAAA", "AAAA"])
def test_a_text_that_is_no_vector_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="this is no style vector"):
        guest.from_text(text)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -101.0, 3e38])
def test_numbers_that_no_style_has_are_refused(value: float) -> None:
    text = guest.VECTOR + base64.b64encode(np.array([1, value], "<f4").tobytes()).decode()
    with pytest.raises(InvalidValue, match="beyond ±100"):
        guest.checked(text)
