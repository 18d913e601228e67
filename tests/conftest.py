from collections.abc import Iterator
from pathlib import Path

import pytest

from support.nats import nats_server


@pytest.fixture(scope="session")
def nats_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("nats")
    with nats_server(folder) as url:
        yield url
