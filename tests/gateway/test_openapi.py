"""What ``/openapi.json`` promises is what is answered: schemathesis draws requests from it, good and bad ones."""

import json
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway.app import create_app
from gateway.settings import GatewaySettings
from tests.gateway.conftest import TOKEN, TOKENS, item, order
from tests.gateway.recording_runtime import RecordingRuntime
from tests.gateway.test_product_ordering import PATH

CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    ignored_auth,
]
RUNTIME = RecordingRuntime()
CATALOGS = RUNTIME.catalogs
APP = create_app(RUNTIME, GatewaySettings(tokens=TOKENS))
SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", APP)
# Streams have no one body and no end; test_stream.py and test_events.py are about them. Bodies of orders are drawn in
# test_product_ordering.py and test_service_ordering.py: their schemas are so large that drawing from them takes long.
DRAWN = SCHEMA.exclude(path_regex="^/stream/").exclude(
    path_regex="/v4/(product|service)Order$", method="POST"
)


@DRAWN.parametrize()
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_answers_are_as_documented(case: Any) -> None:
    case.call_and_validate(headers={"Authorization": f"Bearer {TOKEN}"}, checks=CHECKS)
    RUNTIME.use(CATALOGS)  # it may have published another


@pytest.mark.parametrize(
    ("changes", "headers", "status"),
    [
        ({}, {}, 201),
        ({}, {}, 200),
        ({"description": "other"}, {}, 409),
        ({"productOrderItem": [item("1", quantity=0), item("1")]}, {}, 400),
        ({"requestedStartDate": "9999-12-31T00:00:00Z", "externalId": "later"}, {}, 201),
        ({}, {"Authorization": "Bearer wrong"}, 401),
        ({}, {"Content-Type": "text/plain"}, 415),
    ],
)
async def test_creation_answers_as_documented(
    changes: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    operation = SCHEMA[PATH]["POST"]
    given = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json", **headers}
    transport = httpx.ASGITransport(APP)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        response = await client.post(PATH, content=json.dumps(order(**changes)), headers=given)
    assert response.status_code == status, response.text
    assert str(status) in APP.openapi()["paths"][PATH]["post"]["responses"]
    operation.validate_response(response)
