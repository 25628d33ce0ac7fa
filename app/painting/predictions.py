"""The styles of paintings that requests bring along: predicted at a glance, used once, kept nowhere."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import structlog
import torch
from torch import Tensor

from impasto.app.settings import Settings
from impasto.model.errors import ImpastoError, about
from impasto.model.perception.loss_network import LossNetworkMissing, is_there, load_weights
from impasto.model.pictures import images
from impasto.model.pictures.picture import Picture
from impasto.model.prediction.file import NoPredictor, TrainedPredictor
from impasto.model.prediction.style_predictor import StylePredictor
from impasto.model.styles import guest
from impasto.model.styles.guest import PAINTING
from impasto.model.styles.paintings import read_painting

log = structlog.stdlib.get_logger(__name__)


class LossNetworkAbsent(ImpastoError):
    """Nothing that needs the loss network can be done here: it was never fetched. retry_after: seconds."""

    retry_after = 60

    def __init__(self) -> None:
        super().__init__(
            "the loss network is missing, without which no style can be told or fitted, and nothing optimised: "
            "run `impasto fetch` on the server"
        )


class Predictions:
    """What tells styles, if the served network has a predictor.

    code: reads pictures beside the device, as `Batcher.code` does.
    """

    def __init__(
        self,
        settings: Settings,
        trained: TrainedPredictor | None,
        code: Callable[[Callable[[], Picture]], Awaitable[Picture]],
    ) -> None:
        self._settings, self._trained, self._code = settings, trained, code
        self._predictor: StylePredictor | None = None
        # One after the other, each by all cores: the picture that is to be painted waits for it.
        self._thread = ThreadPoolExecutor(1, "predict", torch.set_num_threads, (torch.get_num_threads(),))

    def prepare(self) -> None:
        """Read the loss network, if there is a use for it, so that nobody waits for that; without waiting here."""
        if self._trained is not None and is_there(self._settings.loss_network_file):
            self._thread.submit(self._load)

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
        """How many are looked at to know a painting's style, by its header: none of a vector, as recipes have it.

        Raises NoPredictor, UndecodableImage, UnsupportedFormat.
        """
        if guest.is_vector(data):
            return 0
        self.check()
        with about(PAINTING):
            return math.prod(await asyncio.to_thread(images.size, data))

    async def vector(self, data: bytes) -> Tensor:
        """The style vector (E,) of a painting, of its file; or of such a vector's text.

        Raises InvalidValue, NoPredictor, LossNetworkAbsent, DeadlineExceeded and what `read_painting` does.
        """
        with about(PAINTING):
            if guest.is_vector(data):
                return guest.from_text(data.decode("ascii", "replace"))
            self.check()
            picture = await self._code(lambda: read_painting(data, max_pixels=self._settings.max_pixels))
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._predict, picture.rgb)

    def close(self) -> None:
        """Finish the one at work, and drop what waits."""
        self._thread.shutdown(cancel_futures=True)

    def _predict(self, painting: Tensor) -> Tensor:
        return self._load().predict(painting)

    def _load(self) -> StylePredictor:
        """Raises LossNetworkAbsent."""
        if self._predictor is None:
            assert self._trained is not None  # as `check` has found
            try:
                weights = load_weights(self._settings.loss_network_file, download=False)
            except LossNetworkMissing as error:  # which names files of this machine
                log.error("no style can be told of a painting", reason=str(error))
                raise LossNetworkAbsent from error
            self._predictor = StylePredictor(self._trained, weights=weights, device=self._settings.device)
        return self._predictor
