"""Whose turn it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from impasto.app.painting.turns import Turns


def painted(asked: list[tuple[str, int]]) -> list[str]:
    """The clients in the order in which their pictures are painted, if all have asked before the first is."""
    turns = Turns()
    return [client for _, client in sorted((turns.take(client, pixels), client) for client, pixels in asked)]


def test_a_hundred_pictures_of_one_client_do_not_delay_another() -> None:
    order = painted([("a", 10)] * 100 + [("b", 10)])
    assert order.index("b") <= 1


def test_clients_share_by_pixels_and_not_by_pictures() -> None:
    order = painted([("large", 40)] * 5 + [("small", 10)] * 20)
    assert order[:10].count("small") == 8


def test_whoever_was_away_has_saved_up_nothing() -> None:
    turns = Turns()
    for _ in range(10):
        turns.begin(turns.take("a", 10))
    assert turns.take("b", 10) == 90  # beside the last of a's, not before all that a had painted


def test_what_is_given_back_delays_nothing() -> None:
    turns = Turns()
    for _ in range(10):
        turns.take("a", 10)
        turns.give_back("a", 10)
    assert turns.take("a", 10) == turns.take("b", 10)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 100)), max_size=40))
def test_nobody_overtakes_themselves(asked: list[tuple[str, int]]) -> None:
    turns = Turns()
    numbers = [(client, turns.take(client, pixels)) for client, pixels in asked]
    for client in "abc":
        own = [number for name, number in numbers if name == client]
        assert own == sorted(own)
