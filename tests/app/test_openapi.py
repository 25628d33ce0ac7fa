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
from tests.pictures import encoded, painting

PICTURES = [encoded(painting(seed), name) for seed, name in enumerate(("PNG", "JPEG", "WEBP", "GIF", "TIFF"))]
"""That can be photos, and paintings to learn a style from."""
STYLES = ["great-wave", "the-scream", "added", "renamed"]
"""Two of the network's, and two that come and go."""
NOISE = st.binary(max_size=50)
LEFT_OUT = {"weight", "size", "steps", "columns", "format", "title", "artist", "year", "licence", "source"}
"""Fields that need not be there, and of which hardly anything that the document allows is right."""
NOT_CHECKED = ["positive_data_acceptance", "negative_data_rejection", "use_after_free", "ignored_auth"]
"""A document cannot say that weights have the sum 1; a file in a form is judged as if it were a text; a job that was
cancelled can still be looked at; and a service on loopback asks for no key."""

ANSWERS = ["2xx", "3xx", "4xx", "503"]
"""Of the last, one says that a job's picture is not there yet."""

relaxed = settings(suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def api(service_settings: Settings, tiny_checkpoint: Checkpoint) -> Any:
    """The service as its document describes it, with pictures where pictures are asked for, and packs for packs."""
    for name in readable_formats():
        schemathesis.openapi.media_type(f"image/{name}", st.sampled_from(PICTURES) | NOISE)
    pack = tiny_checkpoint.pack("great-wave", b"").to_bytes()
    schemathesis.openapi.media_type("application/octet-stream", st.just(pack) | NOISE)
    app = create_app(service_settings)
    app.state.stopping.set()  # who follows a job, which nobody does here, comes to an end
    api = schemathesis.openapi.from_asgi("/openapi.json", app)
    api.config.checks.update(excluded_check_names=NOT_CHECKED)
    api.config.checks.not_a_server_error.expected_statuses = ANSWERS
    return api


@pytest.fixture(scope="module")
def service_settings(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings.model_copy(
        update={
            "data_dir": tmp_path_factory.mktemp("openapi"),
            "optimizations": True,
            "videos": True,
            "job_queue_size": 100_000,
        }
    )


@schemathesis.hook
def flatmap_case(context: HookContext, case: Case[Any]) -> Any:
    """Half of the time what a document cannot ask for: styles that there are, and numbers that go together."""
    if case.meta is None or case.meta.generation.mode.is_negative:
        return st.just(case)

    def sensible(style: str) -> Case[Any]:
        right: dict[str, Any] = {"style_id": style, "style": [style], "blend": [f"{style}=1"], "id": style}
        case.path_parameters = {name: right.get(name, value) for name, value in case.path_parameters.items()}
        if isinstance(case.body, dict):
            right["painting"] = [case.body.get("painting")]
            case.body = {name: right.get(name, value) for name, value in case.body.items() if name not in LEFT_OUT}
        return case

    return st.just(case) | st.sampled_from(STYLES).map(sensible)


def test_every_answer_is_as_the_document_says(api: Any) -> None:
    for found in api.get_all_operations():
        operation = found.ok()

        @relaxed
        @given(operation.as_strategy() | operation.as_strategy(GenerationMode.NEGATIVE))
        def check(case: Case[Any]) -> None:
            case.call_and_validate()

        check()


@pytest.mark.skipif(settings().max_examples < 1000, reason="one call after another takes minutes: make fuzz")
def test_every_answer_is_as_the_document_says_whatever_was_done_before(api: Any) -> None:
    class Visit(api.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            """Nothing is left of the visits before, without which this one could not be made again."""
            for style in api["/v1/styles"]["GET"].Case().call().json()["styles"]:
                if style["origin"] == "added":
                    api["/v1/styles/{style_id}"]["DELETE"].Case(path_parameters={"style_id": style["id"]}).call()

        def before_call(self, case: Case[Any]) -> None:
            if case.headers:
                case.headers.pop("idempotency-key", None)  # a key is remembered for longer

    Visit.run(settings=settings(relaxed, stateful_step_count=12))
