"""The version of Impasto that is running."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("impasto")
except PackageNotFoundError:  # run from a checkout that was never installed
    VERSION = "0+unknown"
