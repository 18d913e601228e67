"""A process's connection to NATS, and a way to publish from plain functions."""

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import Awaitable, Callable

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from antiphon.errors import OperatorError
from antiphon.telemetry.logs import get_logger

_log = get_logger(__name__)

LAST_WORDS_S = 2
"""How long what was said last may take to reach NATS."""

PING_EVERY_S = 5
"""A connection on which two pings in a row stay unanswered is dead, whatever TCP believes."""

Handler = Callable[[Msg], Awaitable[None]]


class Connection(Client):
    """A connection that tells when it stands again after it was lost.

    While it is away the client keeps up to 2 MiB of what is published, in order, and sends it first; what is
    beyond that is lost.

    Attributes:
        on_reconnect: called, in the event loop's thread, each time it stands again.
    """

    def __init__(self) -> None:
        super().__init__()
        self.on_reconnect: list[Callable[[], None]] = []


async def connect(url: str, name: str, *, timeout_s: float = 10.0) -> Connection:
    """Connect, and reconnect for ever once the first connection stood.

    Args:
        url: ``nats://host:port``, several with commas between them.
        name: shown by the server's monitoring.
        timeout_s: how long to wait for the first connection.

    Raises:
        OperatorError: no NATS server answered in time.
    """
    last_error = ""
    connected = False

    async def on_error(error: Exception) -> None:
        nonlocal last_error
        last_error = str(error) or type(error).__name__
        if connected:
            # While it is away, which has been said, every attempt to connect ends here.
            log = _log.warning if client.is_connected else _log.debug
            log("nats_error", error=last_error)

    async def on_disconnect() -> None:
        if not client.is_closed:
            _log.warning("nats_disconnected")

    async def on_reconnect() -> None:
        _log.info("nats_reconnected")
        for tell in client.on_reconnect:
            tell()

    client = Connection()
    try:
        # It would try for ever, as it is told to do later on.
        async with asyncio.timeout(timeout_s):
            await client.connect(  # pyright: ignore[reportUnknownMemberType]
                servers=url.split(","),
                name=name,
                # Each process has its own inbox, so that permissions can keep replies apart.
                inbox_prefix=f"_INBOX_{name}_{secrets.token_hex(4)}",
                allow_reconnect=True,
                max_reconnect_attempts=-1,
                reconnect_time_wait=0.1,  # pyright: ignore[reportArgumentType]
                connect_timeout=2,
                ping_interval=PING_EVERY_S,
                error_cb=on_error,
                disconnected_cb=on_disconnect,
                reconnected_cb=on_reconnect,
            )
    except (NatsError, OSError, ValueError) as error:
        await client.close()
        raise OperatorError(
            f"No NATS server answers at {url} ({last_error or error or type(error).__name__}): "
            "start one with `antiphon up`, or point --nats (ANTIPHON_NATS_URL) at yours."
        ) from None
    connected = True
    return client


async def disconnect(client: Client) -> None:
    """Close a connection, whether or not NATS is still there."""
    with contextlib.suppress(NatsError, OSError):
        await client.flush(LAST_WORDS_S)
    with contextlib.suppress(NatsError, OSError):
        await client.close()


async def subscribe(client: Client, subject: str, handler: Handler) -> None:
    """Call ``handler`` for each message on ``subject``, in order, one at a time."""
    await client.subscribe(subject, cb=handler)  # pyright: ignore[reportUnknownMemberType]


class Publisher:
    """Publishes in order from plain (not async) functions of the event loop's thread."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._pending: deque[tuple[str, bytes]] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self._task = asyncio.create_task(self._run(), name="publisher")

    def send(self, subject: str, payload: bytes) -> None:
        """Queue one message; it leaves within this turn of the event loop."""
        self._pending.append((subject, payload))
        self._wake.set()

    async def aclose(self) -> None:
        """Send what is queued, then stop."""
        self._closing = True
        self._wake.set()
        await self._task

    async def _run(self) -> None:
        while not self._closing or self._pending:
            await self._wake.wait()
            self._wake.clear()
            while self._pending:
                subject, payload = self._pending.popleft()
                try:
                    await self._client.publish(subject, payload)
                except NatsError as error:
                    # Sequence numbers and heartbeats mend what is lost while NATS is away.
                    _log.warning("nats_publish_failed", error=str(error) or type(error).__name__)
