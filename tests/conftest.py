import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from antiphon.telemetry.logs import configure_logging
from support.nats import nats_server

# What a shell without job control runs in the background is deaf to Ctrl-C, and so would be the programs that
# tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A loaded machine is no failure.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def _logs(monkeypatch: pytest.MonkeyPatch) -> None:
    # What a test configures ends with it: no logger keeps the stderr of a test that is over.
    configure = structlog.configure
    monkeypatch.setattr(
        structlog, "configure", lambda **options: configure(**options | {"cache_logger_on_first_use": False})
    )
    # Not the library's default: that prints every local variable of a traceback, which takes seconds.
    configure_logging("info", "console")
    structlog.configure(logger_factory=structlog.PrintLoggerFactory())


@pytest.fixture(scope="session")
def nats_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("nats")
    with nats_server(folder) as url:
        yield url
