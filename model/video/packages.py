"""The packages that only films need: those of the extra `video`."""

from __future__ import annotations

from importlib.util import find_spec

from impasto.model.errors import InvalidValue

PACKAGES = "av", "cv2"


class PackagesMissing(InvalidValue):
    """What films need is not installed."""


def check_packages() -> None:
    """Raises PackagesMissing."""
    if any(find_spec(package) is None for package in PACKAGES):
        raise PackagesMissing("films and pictures that move need more packages: pip install 'impasto[video]'")
