"""The loss network, which a service has only if its owner has fetched it."""

from __future__ import annotations

from impasto.model.errors import ImpastoError


class LossNetworkAbsent(ImpastoError):
    """Nothing that needs the loss network can be done here: it was never fetched. retry_after: seconds."""

    retry_after = 60

    def __init__(self) -> None:
        super().__init__(
            "the loss network is missing, without which no style can be told or fitted, and nothing optimised: "
            "run `impasto fetch` on the server"
        )
