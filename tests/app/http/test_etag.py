"""Entity tags, and what a client says that it has."""

from __future__ import annotations

import pytest

from impasto.app.http.etag import entity_tag, has_already

TAG = entity_tag(b"a picture")


@pytest.mark.parametrize(
    "header", [TAG, f"W/{TAG}", f'"other", {TAG}', f'W/"other",W/{TAG} , "more"', "*", " * ", f'"a, b", {TAG}']
)
def test_a_tag_is_found_alone_in_a_list_and_weak(header: str) -> None:
    assert has_already(header, TAG) and has_already(header, f"W/{TAG}")


@pytest.mark.parametrize("header", [None, "", '"other"', TAG.strip('"'), f'"other", W/"{TAG[1:9]}"', '"*"', '"'])
def test_another_tag_is_not_what_is_asked_for(header: str | None) -> None:
    assert not has_already(header, TAG)
