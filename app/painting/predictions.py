"""The styles of paintings that requests bring along: predicted at a glance, used once, kept nowhere."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import structlog
import torch
from torch import Tensor

from impasto.app.painting.batcher import Batcher
from impasto.app.painting.codec import DeadlineExceeded
from impasto.app.painting.loss_network import LossNetworkAbsent
from impasto.app.settings import Settings
from impasto.app.tracing import trace_stages
from impasto.model.errors import InvalidValue, about
from impasto.model.painting.memory import shortage
from impasto.model.perception.loss_network import LossNetworkMissing, is_there, load_weights
from impasto.model.prediction.file import NoPredictor, TrainedPredictor
from impasto.model.prediction.style_predictor import StylePredictor
from impasto.model.styles import guest
from impasto.model.styles.guest import PAINTING
from impasto.model.styles.paintings import check_size, read_painting

log = structlog.stdlib.get_logger(__name__)


class Predictions:
    """What tells styles, if the served network has a predictor. style_size: E, of that network."""

    def __init__(self, settings: Settings, trained: TrainedPredictor | None, batcher: Batcher, style_size: int) -> None:
        self._settings, self._trained, self._batcher, self._style_size = settings, trained, batcher, style_size
        self._predictor: StylePredictor | None = None
        # One after the other, each by all cores: the picture that is to be painted waits for it.
        self._thread = ThreadPoolExecutor(1, "predict", torch.set_num_threads, (torch.get_num_threads(),))

    def prepare(self) -> None:
        """Read the loss network, if there is a use for it, so that nobody waits for that; without waiting here."""
        if self._trained is not None and is_there(self._settings.loss_network_file):
            self._thread.submit(self._prepare)

    @property
    def possible(self) -> bool:
        """Whether there is a predictor."""
        return self._trained is not None

    def check(self) -> None:
        """Raises NoPredictor."""
        if self._trained is None:
            raise NoPredictor(
                "this network has no predictor, which tells a painting's style at a glance: fit its style by "
                "POST /v1/styles with fit=full, or train a predictor with `impasto train-predictor`"
            )

    async def pixels(self, data: bytes) -> int:
        """How many a painting has, by its header: none of a vector, as recipes have it.

        Raises what `vector` does, as far as it is known before the picture is read.
        """
        with about(PAINTING):
            if guest.is_vector(data):
                if len(data) > guest.letters(self._style_size):
                    raise InvalidValue("its vector has more numbers than this network's styles")
                return 0
            self.check()
            if self._predictor is None and not is_there(self._settings.loss_network_file):
                raise LossNetworkAbsent
            return await asyncio.to_thread(check_size, data, self._settings.max_pixels)

    async def vector(self, data: bytes) -> Tensor:
        """The style vector (E,) of a painting, of its file; or of such a vector's text. `pixels` has looked at both.

        Raises InvalidValue, LossNetworkAbsent, OutOfMemory, DeadlineExceeded and what `read_painting` does.
        """
        with about(PAINTING):
            if guest.is_vector(data):
                return guest.from_text(data.decode("ascii", "replace"))
            picture = await self._batcher.code(lambda: read_painting(data, max_pixels=self._settings.max_pixels))
            begun, seconds = time.perf_counter(), self._batcher.limits.deadline
            work = asyncio.get_running_loop().run_in_executor(
                self._thread, copy_context().run, self._predict, picture.rgb
            )
            try:
                async with asyncio.timeout(seconds):
                    found = await work
            except TimeoutError:
                raise DeadlineExceeded(f"its style was not told within {seconds:g} seconds") from None
            timing = {"predict": time.perf_counter() - begun}
            self._batcher.metrics.observe_stages(timing)
            trace_stages(timing)
            return found

    def close(self) -> None:
        """Finish the one at work, and drop what waits."""
        self._thread.shutdown(cancel_futures=True)

    def _predict(self, painting: Tensor) -> Tensor:
        with shortage("look at a painting"):
            return self._load().predict(painting)

    def _load(self) -> StylePredictor:
        """Raises LossNetworkAbsent."""
        if self._predictor is None:
            assert self._trained is not None  # as `check` has found
            try:
                weights = load_weights(self._settings.loss_network_file, download=False)
                self._predictor = StylePredictor(self._trained, weights=weights, device=self._settings.device)
            except LossNetworkMissing as error:  # which names files of this machine
                log.error("no style can be told of a painting", reason=str(error))
                raise LossNetworkAbsent from error
        return self._predictor

    def _prepare(self) -> None:
        try:
            self._load()
        except LossNetworkAbsent:
            pass  # whoever asks for it will be told
        except Exception:
            log.exception("the loss network cannot be read")
