"""Styles as a JSON file that any program reads.

    {"network_id": "…", …, "styles": [{"id": "hokusai-great-wave", "title": "…", …, "vector": "base64…"}, …]}

A vector is float16, little-endian, in base64. What is blended is a weighted sum of them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict

from impasto.model.styles.table import StyleTable


def style_file(table: StyleTable, facts: Mapping[str, object]) -> bytes:
    """All styles of a table, a line each. facts: what is said of their network."""
    numbers = table.vectors.cpu().numpy().astype("<f2")
    styles = [
        {**asdict(style), "vector": base64.b64encode(vector.tobytes()).decode()}
        for style, vector in zip(table.styles, numbers, strict=True)
    ]
    return json.dumps({**facts, "styles": styles}, ensure_ascii=False, indent=1).encode()
