"""The two documents, as the app makes them."""

from typing import Any
from unittest.mock import Mock

import pytest

from antiphon.api.app import create_app
from antiphon.api.asyncapi import asyncapi_document
from antiphon.api.openapi import openapi_document
from antiphon.api.schemas.tables import SOCKETS


@pytest.fixture(scope="session")
def openapi() -> dict[str, Any]:
    return openapi_document(create_app(Mock()).routes)


@pytest.fixture(scope="session")
def asyncapi() -> dict[str, Any]:
    return asyncapi_document(SOCKETS, host="here:5000", protocol="ws")
