"""Simulations take many steps: what each decides is not for the eyes here."""

import pytest

from antiphon.telemetry.logs import configure_logging


@pytest.fixture(autouse=True)
def _quiet() -> None:
    configure_logging("info", "console")
