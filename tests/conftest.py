import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from support.nats import nats_server

# What a shell without job control runs in the background is deaf to Ctrl-C, and so would be the programs that
# tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A loaded machine is no failure.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def nats_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("nats")
    with nats_server(folder) as url:
        yield url
