"""What the commands of optimisation share: how a run ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from impasto.model.optimization.descent import DescentStep, Diverged
from impasto.scripts.following import OnTheWay, follow


def run(error: BaseException | None = None, *, steps: int = 3) -> Iterator[DescentStep]:
    for step in range(1, steps + 1):
        yield DescentStep(step, {"style": 1 / step}, torch.zeros(1, 3, 4, 4), safer=step > 1)
    if error is not None:
        raise error


def test_a_run_is_followed_to_its_end() -> None:
    seen: list[int] = []
    assert follow(run(), steps=3, show=lambda progress: seen.append(progress.step)).step == 3
    assert seen == [1, 2, 3]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Diverged("the loss became nan")])
def test_what_was_made_until_it_was_ended_is_kept(error: BaseException, capsys: pytest.CaptureFixture[str]) -> None:
    assert follow(run(error), steps=5).step == 3
    assert ("stopped at step 3" if isinstance(error, KeyboardInterrupt) else "nan") in capsys.readouterr().out
    with pytest.raises(type(error)):
        follow(run(error, steps=0), steps=5)


def test_every_so_many_steps_a_file_is_due_beside_the_output() -> None:
    on_the_way = OnTheWay(50, Path("made/out.png"))
    assert [on_the_way.after(step) for step in (49, 50, 51)] == [None, Path("made/out.00050.png"), None]
    assert OnTheWay(None, Path("out.png")).after(50) is None
