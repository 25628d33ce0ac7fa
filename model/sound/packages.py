"""The packages that only sound needs: those of the extra `audio`."""

from __future__ import annotations

from importlib.util import find_spec

from impasto.model.errors import InvalidValue

PACKAGES = "soundfile", "soxr"


class PackagesMissing(InvalidValue):
    """What sound needs is not installed."""


def check_packages() -> None:
    """Raises PackagesMissing."""
    if any(find_spec(package) is None for package in PACKAGES):
        raise PackagesMissing("sound needs more packages: pip install 'impasto[audio]'")
