"""Whatever a client sends: no defect answers it, and the answer is as the document says."""

import io
import wave
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.python import asgi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from antiphon.api.app import create_app
from antiphon.api.openapi import openapi_document
from antiphon.api.schemas.tables import OPERATIONS
from support.everything import KEY, services_for_everything

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
HEADERS = {"Authorization": f"Bearer {KEY}"}
QUICK = settings(
    max_examples=8,
    phases=(Phase.explicit, Phase.generate),  # to make failures smaller would take long
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
LONG = settings(QUICK, max_examples=200, derandomize=False)


def tone() -> bytes:
    """Half a second of sound, as a file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        out.writeframes((np.sin(np.arange(8000) / 20) * 8000).astype("<i2").tobytes())
    return file.getvalue()


TONE = tone()
BODY = {
    "model_id": "sonic-3",
    "model": "whisper-1",
    "voice": "heart",
    "voice_id": "heart",
    "voice[id]": "heart",
    "base_voice_id": "heart",
    "language": "en",
    "file": TONE,
    "clip": TONE,
    "left_audio": TONE,
    "right_audio": TONE,
}
NEW = {
    "/voices": ("/voices/localize", {"voice_id": "heart", "name": "A", "accent": "british"}),
    "/pronunciation-dicts": ("/pronunciation-dicts", {"name": "A"}),
}
"""How to make what a path is about."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with services_for_everything(tmp_path_factory.mktemp("api")) as services:
        app = create_app(services)
        with asgi.get_client(app) as client:
            yield client


schema = schemathesis.openapi.from_dict(openapi_document(create_app(Mock()).routes))
# That it is ASGI makes the library call the client's app, which is another.
schema.app = create_app(Mock())


@pytest.mark.parametrize("told", OPERATIONS)
def test_no_request_meets_a_defect_or_an_answer_that_is_not_told(told: str, client: Any) -> None:
    method, path = told.split()

    @QUICK
    @given(case=schema[path][method].as_strategy())
    def run(case: Case) -> None:
        try_out(case, client)

    run()


@pytest.mark.slow
@schema.parametrize()
@LONG
def test_nor_do_many_more(case: Case, client: Any) -> None:
    try_out(case, client)


def try_out(case: Case, client: Any) -> None:
    """Send it as it was made up, and once more with what gets it past the first checks."""
    told = case.method.upper() == case.operation.method.upper()  # there are cases of methods that are not
    for candidate in (case, plausible(case, client)) if told else (case,):
        response = candidate.call(session=client, headers=HEADERS)
        candidate.validate_response(response, checks=CHECKS)


def plausible(case: Case, client: Any) -> Case:
    """The same with names of what is there, and with audio where audio belongs."""
    names = {"name": name_of_one(case.path, client), "accent": "british"}
    body = case.body
    if isinstance(body, dict):
        body = {key: BODY.get(key, value) for key, value in body.items()}
    return case.operation.Case(
        method=case.method,
        path_parameters={key: names[key] for key in case.path_parameters or {}},
        query=case.query,
        headers=case.headers,
        body=body,
        media_type=case.media_type,
    )


def name_of_one(path: str, client: Any) -> str:
    for beginning, (maker, body) in NEW.items():
        if path.startswith(f"{beginning}/{{name}}"):
            return client.post(f"http://testserver{maker}", json=body, headers=HEADERS).json()["id"]
    return "whisper-1"
