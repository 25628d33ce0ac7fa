"""What the commands share that optimise: how far it is, what is written on the way, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from tqdm import tqdm

from impasto.model.errors import InvalidValue
from impasto.model.optimization.descent import DescentStep, Diverged


class OnTheWay:
    """Files beside the output, one every so many steps, as out.00050.png. every: None for none. Raises InvalidValue."""

    def __init__(self, every: int | None, output: Path) -> None:
        if every is not None and every < 1:
            raise InvalidValue("--every is at least 1")
        self._every, self._output = every, output

    def after(self, step: int) -> Path | None:
        """The file that is due after a step, if one is."""
        if not self._every or step % self._every:
            return None
        return self._output.with_name(f"{self._output.stem}.{step:05}{self._output.suffix}")


def follow(run: Iterator[DescentStep], *, steps: int, show: Callable[[DescentStep], None] | None = None) -> DescentStep:
    """Go through an optimisation with a bar that tells its losses; the last step.

    Ctrl-C ends it where it is, and so does a descent that diverges for good. show: called after every step.
    """
    last = None
    with tqdm(total=steps, unit="step", disable=None) as bar:
        try:
            for progress in run:
                bar.update(progress.step - (last.step if last else 0))
                if progress.safer and not (last and last.safer):
                    bar.write(f"the loss diverged at step {progress.step}; going on more carefully")
                bar.set_postfix({name: f"{value:.4g}" for name, value in progress.losses.items()}, refresh=False)
                last = progress
                if show:
                    show(progress)
        except KeyboardInterrupt:
            if last is None:
                raise
            bar.write(f"stopped at step {last.step}")
        except Diverged as error:
            if last is None:
                raise
            bar.write(f"{error}. This is the best until then")
    if last is None:
        raise InvalidValue("there was no step to make")
    return last
