"""What stands before the first part of a form is ignored, however it comes in."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.types import Receive, Scope, Send

from impasto.app.http.preamble import WithoutPreamble
from tests.pictures import encoded, photo

FORM = b"--edge\r\nContent-Disposition: form-data; name=a\r\n\r\nsome --edge text\r\n--edge--\r\n"


def received(chunks: list[bytes]) -> bytes:
    """What an application reads of a body that comes in these chunks."""
    body = b""

    async def app(_: Scope, receive: Receive, __: Send) -> None:
        nonlocal body
        while (message := await receive())["type"] == "http.request":
            body += message["body"]
            if not message["more_body"]:
                return

    rest = list(chunks)

    async def receive() -> Any:
        return {"type": "http.request", "body": rest.pop(0), "more_body": bool(rest)}

    async def send(_: Any) -> None:
        pass

    scope = {"type": "http", "headers": [(b"content-type", b'multipart/form-data; boundary="edge"')]}
    asyncio.run(WithoutPreamble(app)(scope, receive, send))
    return body


@pytest.mark.parametrize("preamble", [b"", b"\r\n", b"Dear server,\r\n", b"--edg\r\n--\r\n", b"x" * 1000 + b"\r\n"])
@pytest.mark.parametrize("size", [1, 2, 7, 100_000])
def test_a_form_begins_with_its_first_part(preamble: bytes, size: int) -> None:
    body = preamble + FORM
    assert received([body[start : start + size] for start in range(0, len(body), size)]) == FORM


def test_a_form_without_a_part_has_no_body() -> None:
    assert received([b"Dear ", b"server"]) == b""


def test_a_photo_behind_a_preamble_is_painted(client: TestClient) -> None:
    head = b'--edge\r\nContent-Disposition: form-data; name="style"\r\n\r\ngreat-wave\r\n--edge\r\n'
    image = b'Content-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n' + encoded(photo())
    answer = client.post(
        "/v1/stylize",
        content=b"This is a form.\r\n" + head + image + b"\r\n--edge--\r\n",
        headers={"Content-Type": "multipart/form-data; boundary=edge"},
    )
    assert answer.status_code == 200
