"""Bytes changed by chance: what `make fuzz` does under guidance, without it and always the same."""

from __future__ import annotations

from random import Random

NUMBERS = [bytes(4), b"\xff" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\1\0", b"\0\1\0\0", b"\x80\0\0\0"]
"""What sizes and counts go wrong at."""


def mutated(seeds: list[bytes], random: Random) -> bytes:
    """One of several files, with up to eight changes."""
    data = bytearray(random.choice(seeds))
    for _ in range(random.randint(1, 8)):
        start = random.randrange(len(data) + 1)
        end = min(start + random.choice([1, 2, 4, 20, 300]), len(data))
        match random.randrange(6):
            case 0:
                data[start:end] = random.randbytes(end - start)
            case 1:
                data[start : start + 4] = random.choice(NUMBERS)
            case 2:
                del data[start:end]
            case 3:
                data[start:start] = data[start:end]
            case 4:
                other = random.choice(seeds)
                place = random.randrange(len(other) + 1)
                data[start:end] = other[place : place + end - start]
            case 5:
                del data[max(1, len(data) - random.randrange(200)) :]
    return bytes(data)
