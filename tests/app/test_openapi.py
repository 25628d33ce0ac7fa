"""Whatever is sent, by the OpenAPI document or against it, the answer is as it says. `make fuzz` is the long form."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, HookContext

from impasto.app.main import create_app
from impasto.app.settings import Settings
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.pictures.formats import readable_formats
from tests.pictures import encoded, painting, photo

PICTURES = [
    *(
        encoded(photo(seed, height=32, width=48), name)
        for seed, name in enumerate(("PNG", "JPEG", "WEBP", "GIF", "TIFF"))
    ),
    *(encoded(painting(seed), "PNG") for seed in range(2)),
]
STYLES = ["great-wave", "the-scream", "added", "renamed"]
"""Two of the network's, and two that come and go."""
NOT_CHECKED = ["positive_data_acceptance", "ignored_auth"]
"""A document cannot say that weights have the sum 1; and a service on loopback asks for no key."""

relaxed = settings(suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def api(service_settings: Settings, tiny_checkpoint: Checkpoint) -> Any:
    """The service as its document describes it, with pictures where pictures are asked for, and packs for packs."""
    for name in readable_formats():
        schemathesis.openapi.media_type(f"image/{name}", st.sampled_from(PICTURES) | st.binary(max_size=50))
    pack = tiny_checkpoint.pack("great-wave", b"").to_bytes()
    schemathesis.openapi.media_type("application/octet-stream", st.just(pack) | st.binary(max_size=50))
    api = schemathesis.openapi.from_asgi("/openapi.json", create_app(service_settings))
    api.config.checks.update(excluded_check_names=NOT_CHECKED)
    return api


@pytest.fixture(scope="module")
def service_settings(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings.model_copy(
        update={"data_dir": tmp_path_factory.mktemp("openapi"), "optimizations": True, "job_queue_size": 100_000}
    )


@schemathesis.hook
def flatmap_path_parameters(context: HookContext, parameters: Any) -> Any:
    """Styles that there are, half of the time."""
    if "style_id" not in (parameters or ()):
        return st.just(parameters)
    return st.just(parameters) | st.sampled_from(STYLES).map(lambda style: {**parameters, "style_id": style})


@schemathesis.hook
def flatmap_body(context: HookContext, body: Any) -> Any:
    """Styles that there are, and files where several are asked for, which the tool makes one of."""
    if not isinstance(body, dict):
        return st.just(body)
    if isinstance(body.get("painting"), str):  # of which bytes are a kind here
        body = {**body, "painting": [body["painting"]]}
    if "style" in body:
        return st.just(body) | st.sampled_from(STYLES).map(lambda style: {**body, "style": [style]})
    if "blend" in body:
        return st.just(body) | st.sampled_from(STYLES).map(lambda style: {**body, "blend": [f"{style}=1"]})
    return st.just(body)


def test_every_answer_is_as_the_document_says(api: Any) -> None:
    for found in api.get_all_operations():
        operation = found.ok()

        @relaxed
        @given(operation.as_strategy() | operation.as_strategy(GenerationMode.NEGATIVE))
        def check(case: Case) -> None:
            case.call_and_validate()

        check()


def test_every_answer_is_as_the_document_says_whatever_was_done_before(api: Any) -> None:
    class Visit(api.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            """Nothing is left of the visits before, without which this one could not be made again."""
            for style in api["/v1/styles"]["GET"].Case().call().json()["styles"]:
                if style["origin"] == "added":
                    api["/v1/styles/{style_id}"]["DELETE"].Case(path_parameters={"style_id": style["id"]}).call()

        def before_call(self, case: Case) -> None:
            (case.headers or {}).pop("idempotency-key", None)  # a key is remembered for longer

    Visit.run(settings=settings(relaxed, stateful_step_count=20))
