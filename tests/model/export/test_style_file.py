"""Styles as plain JSON."""

from __future__ import annotations

import base64
import json

import numpy as np

from impasto.model.export.style_file import style_file
from impasto.model.styles.table import StyleTable


def test_any_program_reads_styles_and_what_is_known_of_them(tiny_styles: StyleTable) -> None:
    known = json.loads(style_file(tiny_styles, {"network_id": "abc", "style_size": 3}))
    styles = known.pop("styles")
    assert known == {"network_id": "abc", "style_size": 3}
    assert [style["id"] for style in styles] == [*tiny_styles.ids]
    assert styles[1]["artist"] == "Vincent van Gogh" and styles[1]["licence"] == "public domain"
    vectors = [np.frombuffer(base64.b64decode(style["vector"]), "<f2") for style in styles]
    np.testing.assert_array_equal(vectors, tiny_styles.vectors.half().numpy())
