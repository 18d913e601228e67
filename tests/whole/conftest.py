from collections.abc import Iterator
from pathlib import Path

import pytest
from cartesia import Cartesia

from support.platform import KEY, Platform, platform


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One platform with the real models for all tests that leave it as they found it."""
    folder: Path = tmp_path_factory.mktemp("platform")
    with platform(folder, max_streams="32") as it:  # enough for every test, however busy the machine
        yield it


@pytest.fixture
def sdk(running: Platform) -> Iterator[Cartesia]:
    """Cartesia's own SDK, unmodified."""
    with Cartesia(api_key=KEY, base_url=running.url, websocket_base_url=running.ws_url) as client:
        yield client
