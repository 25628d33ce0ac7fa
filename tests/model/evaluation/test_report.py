from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from impasto.model.evaluation.blending import STEPS, Blending
from impasto.model.evaluation.evaluate import Evaluation
from impasto.model.evaluation.report import (
    Goal,
    blending_goals,
    confusion_table,
    goals_table,
    grey_goals,
    grey_table,
    loss_goals,
    peer_goals,
    scale_goals,
    scale_table,
    style_table,
    summary_table,
    versus_goals,
    versus_table,
)


def evaluation(distance: float = 0.5, content_error: float = 0.6, nearest: tuple[int, int] = (0, 1)) -> Evaluation:
    values = torch.ones(2, 4, dtype=torch.float64)
    rows = torch.tensor(nearest)[:, None].expand(2, 4)
    losses: tuple[Tensor, Tensor] = (values * distance * 100, values * content_error * 100)
    return Evaluation(("one", "two"), 256, values * 4, values * distance, values * content_error, *losses, rows)


def cells(table: str) -> list[list[str]]:
    """What a table in Markdown holds below its header."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def met(goals: list[Goal]) -> list[bool]:
    return [goal.met for goal in goals]


def test_goals_are_listed_with_what_was_found() -> None:
    table = goals_table([Goal("fast", "3 ms", True), Goal("small", "9 MB", False)])
    assert cells(table) == [["fast", "3 ms", "yes"], ["small", "9 MB", "**no**"]]


def test_losses_are_good_enough_up_to_their_goals() -> None:
    assert met(loss_goals(evaluation())) == [True] * 6
    assert met(loss_goals(evaluation(distance=0.59))) == [False, True, True, True, True, True]
    assert met(loss_goals(evaluation(distance=0.86))) == [False, True, False, False, True, True]
    assert met(loss_goals(evaluation(content_error=0.39))) == [True, True, True, True, False, True]
    assert met(loss_goals(evaluation(content_error=1.01))) == [True, False, False, True, False, True]
    assert met(loss_goals(evaluation(nearest=(0, 0)))) == [True, True, True, True, True, False]


def test_in_grey_nine_of_ten_are_to_be_told_apart_and_those_that_are_not_come_first() -> None:
    assert met(grey_goals(evaluation())) == [True]
    assert met(grey_goals(evaluation(nearest=(0, 0)))) == [False]
    rows = cells(grey_table(evaluation(nearest=(0, 0))))
    assert rows == [["two", "0%", "one, 100%", "0.50"], ["one", "100%", "", "0.50"]]


def test_only_confused_styles_are_listed() -> None:
    assert "diagonal" in confusion_table(evaluation())
    assert cells(confusion_table(evaluation(nearest=(0, 0)))) == [["two", "one", "100%"]]


def test_sharing_a_network_may_cost_what_the_paper_found() -> None:
    alone = evaluation()
    assert met(versus_goals(evaluation(distance=0.53, content_error=0.65), alone)) == [True, True]
    assert met(versus_goals(evaluation(distance=0.56, content_error=0.67), alone)) == [False, False]
    assert cells(versus_table(evaluation(distance=0.55), alone))[-1] == ["**mean**", "+0.0%", "+10.0%"]


def test_a_peer_is_beaten_where_the_losses_are_lower() -> None:
    ours = evaluation()
    assert met(peer_goals(ours, evaluation(distance=1, content_error=1))) == [True, True, True]
    assert met(peer_goals(ours, evaluation(distance=1, content_error=0.5))) == [True, False, True]
    assert met(peer_goals(ours, evaluation(distance=0.4, content_error=0.5))) == [False, False, False]


def test_an_uneven_blend_and_a_dirty_one_miss_their_goals() -> None:
    order = torch.arange(STEPS).float()
    clean = {"border": torch.zeros(1, STEPS)}
    even = torch.stack([order, -order], dim=1)[None]
    assert met(blending_goals(Blending([(0, 1)], even, clean))) == [True, True]
    assert met(blending_goals(Blending([(0, 1)], even.flip(1), clean))) == [False, True]
    dirty = {"border": torch.tensor([[0.0] * 4 + [1e9] + [0.0] * 4])}
    assert met(blending_goals(Blending([(0, 1)], even, dirty))) == [True, False]


def test_pictures_painted_larger_are_to_look_like_those_that_are_not() -> None:
    at_512, nearly, far = evaluation(), evaluation(distance=0.54, content_error=0.68), evaluation(0.7, 0.7)
    assert met(scale_goals({"512": at_512, "1024": nearly})) == [True, True, True]
    assert met(scale_goals({"512": at_512, "1024": nearly, "2048": far})) == [False, False, False]
    assert [goal.found for goal in scale_goals({"512": at_512, "1024": nearly})] == [
        "1.08 times",
        "1.08 times",
        "1.13 times",
    ]


def test_ways_of_painting_are_compared_with_the_first_and_the_worst_style_is_named() -> None:
    distance = torch.tensor([[0.5], [1.0]], dtype=torch.float64).expand(2, 4)
    table = scale_table({"512": evaluation(), "1024": replace(evaluation(), distance=distance)})
    assert cells(table) == [
        ["512", "0.50", "1.00", "1.00 (one)", "0.60", "1.00", "0.60 (one)"],
        ["1024", "0.75", "1.50", "2.00 (two)", "0.60", "1.00", "0.60 (one)"],
    ]


def test_the_summary_has_the_means_of_each_evaluation() -> None:
    table = summary_table({"small": evaluation(), "large": evaluation(distance=0.7)})
    assert cells(table) == [
        ["small", "4", "4.00", "0.50", "0.60", "50", "60", "100.0%"],
        ["large", "4", "4.00", "0.70", "0.60", "70", "60", "100.0%"],
    ]


def test_the_table_has_every_style_the_means_and_the_worst() -> None:
    values = torch.tensor([[0.1, 0.1], [0.2, 0.4]], dtype=torch.float64)
    nearest = torch.tensor([[0, 0], [1, 0]])
    found = Evaluation(("one", "two"), 32, values * 10, values, values, values * 1e4, values * 1e5, nearest)
    table = style_table(found)
    assert ["two", "3.00", "0.30", "0.100", "0.30", "3000", "30000", "50%"] in cells(table)
    assert ["**all**", "2.00", "0.20", "0.100", "0.20", "2000", "20000", "75%"] in cells(table)
    assert "C 0.30 (two), own painting nearest 50% (two)" in table
