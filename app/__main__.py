"""`python -m app` starts the service."""

from __future__ import annotations

import sys

import uvicorn
from pydantic import ValidationError

from app.main import create_app
from app.settings import Settings
from app.telemetry import configure_logging


def main() -> None:
    try:
        settings = Settings()
    except ValidationError as error:
        faults = (f"IMPASTO_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        sys.exit("impasto: " + "; ".join(faults))
    configure_logging(settings.log_format)
    uvicorn.run(create_app(settings), host=settings.host, port=settings.port, log_config=None)


if __name__ == "__main__":
    main()
