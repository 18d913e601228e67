"""A TCP proxy that stands for the network between two processes, and can be broken."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

PIECE_BYTES = 64 * 1024


class Proxy:
    """Forwards connections to a port of this host until told otherwise; runs in a thread of its own.

    Args:
        target: the port that it forwards to.
        port: where to listen; 0 for any port.

    Attributes:
        port: where it listens.
    """

    def __init__(self, target: int, port: int = 0) -> None:
        self.port = port
        self._target = target
        self._refusing = False
        self._delay_s = 0.0
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._open: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        """Where NATS seems to be."""
        return f"nats://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Reset every connection and refuse new ones."""
        self._call(self._cut)

    def freeze(self) -> None:
        """Forward nothing in either direction; connections stay, and new ones are taken."""
        self._call(self._flowing.clear)

    def slow(self, delay_s: float) -> None:
        """Let each piece of data wait for so long."""
        self._delay_s = delay_s

    def heal(self) -> None:
        """Forward everything again, what waited first."""
        self._refusing = False
        self._delay_s = 0.0
        self._call(self._flowing.set)

    # -- in the proxy's thread

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def _close(self) -> None:
        self._server.close()
        self._cut()
        await asyncio.gather(*self._open)

    def _cut(self) -> None:
        self._refusing = True
        for task in self._open:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._open.add(task)
        ends = [writer]
        with suppress(asyncio.CancelledError, OSError):
            if not self._refusing:
                await self._flowing.wait()
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
                ends.append(far_writer)
                async with asyncio.TaskGroup() as both:
                    for source, sink in ((reader, far_writer), (far_reader, writer)):
                        both.create_task(self._forward(source, sink, until_over=task))
        for end in ends:
            end.transport.abort()
        self._open.discard(task)

    async def _forward(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, until_over: asyncio.Task[None]
    ) -> None:
        """Pump one direction; when it ends the whole connection does."""
        with suppress(OSError):
            while piece := await source.read(PIECE_BYTES):
                await self._flowing.wait()
                if self._delay_s:
                    await asyncio.sleep(self._delay_s)
                sink.write(piece)
                await sink.drain()
        until_over.cancel()

    # -- from other threads

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _call(self, work: Callable[[], object]) -> None:
        async def do() -> None:
            work()

        self._run(do())
