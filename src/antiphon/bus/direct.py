"""Events straight from a worker to an API server, over a connection of their own.

A second of audio costs a third of what it costs by way of NATS (docs/performance.md), which stays the way of
everything else, and of events too while no such connection stands. The order of events is that of their
numbers, whichever way each came; what a connection loses when it breaks is asked for again, as ever.

The API server tells in its heartbeat where it listens, with a secret that the bus alone knows. The worker
says the secret, the API server answers with its id, and from then on events come.
"""

import asyncio
import contextlib
import hmac
import secrets
from collections.abc import Callable

from antiphon.bus.connection import Publisher
from antiphon.bus.frames import FrameProtocol
from antiphon.contract import subjects
from antiphon.contract.presence import ApiAlive, Direct
from antiphon.errors import PortInUse
from antiphon.telemetry.logs import get_logger

HELLO_WITHIN_S = 2.0
"""How long each side waits for the other's first word."""

LEAVE_WITHIN_S = 1.0
"""How long the last events may take to leave."""

_log = get_logger(__name__)


class Intake:
    """The API server's side: takes events from every worker that connects.

    Args:
        api: id of the API server.
        take: called with each event as it came over the wire; the view ends with the call.
    """

    def __init__(self, api: str, take: Callable[[memoryview], None]) -> None:
        self._api = api
        self._take = take
        self._secret = secrets.token_hex(16)
        self._guests: set[_Guest] = set()
        self._server: asyncio.Server | None = None

    async def open(self, host: str, port: int) -> Direct:
        """Listen, on any free port if ``port`` is 0; returns what workers have to know.

        Raises:
            PortInUse: the address can't be listened on.
        """
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._welcome, host, port)
        except OSError as error:
            raise PortInUse(
                f"Can't take events directly at {host} port {port}: {error.strerror}. Choose another "
                "direct_port (ANTIPHON_DIRECT_PORT), or a direct_host that this machine has."
            ) from None
        return Direct(host, self._server.sockets[0].getsockname()[1], self._secret)

    def close(self) -> None:
        """Stop, and cut every connection."""
        if self._server:
            self._server.close()
        for guest in list(self._guests):
            guest.abort()

    def _welcome(self) -> "_Guest":
        guest = _Guest(self._api, self._secret, self._take, self._guests.discard)
        self._guests.add(guest)
        return guest


class _Guest(FrameProtocol):
    """A worker's connection, as the API server has it."""

    def __init__(
        self, api: str, secret: str, take: Callable[[memoryview], None], left: Callable[["_Guest"], None]
    ) -> None:
        super().__init__()
        self._api = api
        self._secret = secret
        self._take = take
        self._left = left
        self._trusted = False
        self._impatience = asyncio.get_running_loop().call_later(HELLO_WITHIN_S, self.abort)

    def received(self, frame: memoryview) -> None:
        """The secret, then events."""
        if self._trusted:
            self._take(frame)
        elif hmac.compare_digest(bytes(frame), self._secret.encode()):
            self._trusted = True
            self._impatience.cancel()
            self.send(self._api.encode())
        else:
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        super().connection_lost(exc)
        self._impatience.cancel()
        self._left(self)


class EventSender:
    """The worker's side: sends events to API servers, directly where it can.

    Args:
        publisher: the way through NATS.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._lanes: dict[str, _Lane] = {}
        self._connecting: dict[str, asyncio.Task[None]] = {}
        self._missed: set[str] = set()  # that it is not reached was said once

    def send(self, api: str, payload: bytes) -> None:
        """Send one event."""
        lane = self._lanes.get(api)
        if lane and not lane.lost.is_set():
            lane.send(payload)
        else:
            self.send_by_nats(api, payload)

    def send_by_nats(self, api: str, payload: bytes) -> None:
        """Send one event that may have been lost on the other way."""
        self._publisher.send(subjects.output(api), payload)

    def heard(self, alive: ApiAlive) -> None:
        """An API server told of itself: connect, if it listens and no connection to it stands."""
        lane = self._lanes.get(alive.api)
        if lane and lane.lost.is_set():
            _log.warning("direct_connection_lost", api=alive.api)
            del self._lanes[alive.api]
            lane = None
        if alive.direct and lane is None and alive.api not in self._connecting:
            task = asyncio.create_task(self._connect(alive.api, alive.direct), name="direct")
            self._connecting[alive.api] = task
            task.add_done_callback(lambda _: self._connecting.pop(alive.api, None))

    async def aclose(self) -> None:
        """Leave, once what was sent has left."""
        for task in list(self._connecting.values()):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for lane in self._lanes.values():
            lane.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_WITHIN_S):
                for lane in self._lanes.values():
                    await lane.lost.wait()

    async def _connect(self, api: str, direct: Direct) -> None:
        lane = _Lane()
        try:
            async with asyncio.timeout(HELLO_WITHIN_S):
                loop = asyncio.get_running_loop()
                await loop.create_connection(lambda: lane, direct.host, direct.port)
                lane.send(direct.secret.encode())
                await lane.answered(api)
        except OSError as error:
            if api not in self._missed:
                self._missed.add(api)
                reason = str(error) or type(error).__name__
                _log.warning("direct_unreachable", host=direct.host, port=direct.port, error=reason)
        else:
            self._lanes[api] = lane
        finally:
            if api not in self._lanes:
                lane.abort()


class _Lane(FrameProtocol):
    """A connection to an API server, as the worker has it."""

    def __init__(self) -> None:
        super().__init__()
        self._answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def received(self, frame: memoryview) -> None:
        """One word, who is there."""
        if not self._answer.done():
            self._answer.set_result(bytes(frame))

    def connection_lost(self, exc: Exception | None) -> None:
        """No word will come any more."""
        super().connection_lost(exc)
        if not self._answer.done():
            self._answer.set_result(b"")

    async def answered(self, api: str) -> None:
        """Return when this API server has answered.

        Raises:
            ConnectionError: it has not, or somebody else.
        """
        if await self._answer != api.encode() or self.lost.is_set():
            raise ConnectionRefusedError("something else listens there")
