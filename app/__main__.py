"""`python -m impasto.app` starts the service."""

from __future__ import annotations

import sys
from types import FrameType

import uvicorn
from pydantic import ValidationError

from impasto.app.http.request_log import configure_logging
from impasto.app.main import create_app
from impasto.app.settings import Settings
from impasto.model.network.allocator import keep_freed_memory
from impasto.model.network.checkpoint import CheckpointError
from impasto.model.network.device import DeviceUnavailable


def main() -> None:
    try:
        settings = Settings()
    except ValidationError as error:
        faults = (f"IMPASTO_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        sys.exit("impasto: " + "; ".join(faults))
    configure_logging(settings.log_format)
    keep_freed_memory()
    try:
        app = create_app(settings)
    except (FileNotFoundError, CheckpointError, DeviceUnavailable) as error:
        sys.exit(f"impasto: {error}")
    _Server(uvicorn.Config(app, host=settings.host, port=settings.port, log_config=None)).run()


class _Server(uvicorn.Server):
    """Tells answers without an end that the service stops, before it waits for all of them."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.config.app.state.stopping.set()  # type: ignore[union-attr]
        super().handle_exit(sig, frame)


if __name__ == "__main__":
    main()
