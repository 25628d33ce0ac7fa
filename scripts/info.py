"""Print versions, device, kernels, precision and network: what a report of a fault needs.

    impasto info

It looks at what the service would use: IMPASTO_DEVICE, IMPASTO_PRECISION and IMPASTO_CHECKPOINT.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass


@dataclass(frozen=True)
class Arguments:
    pass


def run(_: Arguments) -> None:
    for name, value in facts().items():
        print(f"{name:12} {value}")


def facts() -> dict[str, str]:
    """What is known of this installation. Raises InvalidSettings, OSError, CheckpointError, DeviceUnavailable."""
    from importlib.metadata import version

    from impasto.app.settings import read_settings
    from impasto.app.version import VERSION
    from impasto.model.native.building import KernelsUnavailable
    from impasto.model.native.processor import vector_units
    from impasto.model.network import checkpoint
    from impasto.model.network.device import device_name, find_device, find_precision
    from impasto.model.network.kernels import Kernels

    settings = read_settings()
    source, device = checkpoint.load(settings.checkpoint), find_device(settings.device)
    try:
        Kernels(source.channels)
        kernels = f"compiled for {vector_units()}"
    except KernelsUnavailable as reason:
        kernels = f"none: {reason}"
    return {
        "impasto": VERSION,
        "python": platform.python_version(),
        "system": platform.platform(),
        **{name: version(name) for name in ("torch", "torchvision", "numpy", "pillow")},
        "device": f"{device}: {device_name(device)}",
        "precision": find_precision(settings.precision, device),
        "kernels": kernels,
        "network": f"{source.network_id}, {len(source.styles)} styles, {settings.checkpoint}",
        "small network": source.small.network_id if source.small else "none",
    }
