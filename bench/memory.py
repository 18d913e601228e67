"""What a socket and a stream cost the API server in memory.

    python bench/memory.py

Starts NATS, an API server and a worker whose model costs next to nothing. Reads the resident memory of
the API server (``Rss`` of ``/proc/PID/smaps_rollup``) with so many sockets that are open and idle,
at the highest while so many streams run whose clients read, and when so many clients have stopped reading in
the middle of a stream, so that all waits that may wait.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

import orjson
import uvloop

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from antiphon.loadtest.target import Target
from antiphon.loadtest.websocket import Socket, open_socket
from featherweight import featherweight
from support.platform import KEY, empty_platform

AT_ONCE = 50
"""Connections that are opened side by side."""

WORDS = 400
"""Of a stream: fifty seconds in one sentence."""

QUIET_S = 1.0
"""Memory that has not changed for so long has settled."""


def resident_kb(pid: int) -> int:
    """Memory of a process."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(next(line for line in rollup.splitlines() if line.startswith("Rss:")).split()[1])


async def settled_kb(pid: int) -> int:
    """Memory of a process once it is quiet."""
    last = resident_kb(pid)
    while True:
        await asyncio.sleep(QUIET_S)
        now = resident_kb(pid)
        if abs(now - last) < 100:
            return now
        last = now


async def highest_kb(pid: int, work: asyncio.Future[object]) -> int:
    """The most memory of a process until the work is done."""
    highest = 0
    while not work.done():
        highest = max(highest, resident_kb(pid))
        await asyncio.sleep(0.02)
    return highest


class Client:
    """A socket and the one stream on it."""

    def __init__(self) -> None:
        self.done = asyncio.Event()
        self.socket: Socket

    async def open(self, target: Target) -> None:
        """Connect."""
        self.socket = await open_socket(target, "/tts/websocket", self._hear)

    def ask(self, target: Target) -> None:
        """Begin a stream."""
        request = target.request(" ".join(["word"] * WORDS)) | {"context_id": "c", "continue": False}
        self.socket.send_text(orjson.dumps(request | {"max_buffer_delay_ms": 0}))

    def stop_reading(self) -> None:
        """Leave what comes where it is."""
        self.socket._transport.pause_reading()  # noqa: SLF001 - clients of load tests always read

    def _hear(self, data: bytes) -> None:
        if b'"type":"done"' in data[:64]:
            self.done.set()


async def open_clients(target: Target, count: int) -> list[Client]:
    """So many clients with a socket each."""
    clients = [Client() for _ in range(count)]
    for start in range(0, count, AT_ONCE):
        await asyncio.gather(*(client.open(target) for client in clients[start : start + AT_ONCE]))
    return clients


async def run(target: Target, pid: int, idle: int, active: int) -> None:
    """Measure and print."""
    # What the first sockets and streams load stays: it is no part of the others' price.
    for client in await open_clients(target, 20):
        client.ask(target)
        await client.done.wait()
        client.socket.close()
    empty = await settled_kb(pid)
    print(f"API server with no sockets: {empty / 1024:.1f} MB")

    clients = await open_clients(target, idle)
    full = await settled_kb(pid)
    print(f"an idle socket: {(full - empty) / idle:.1f} KB (of {idle})")

    for client in clients[:active]:
        client.ask(target)
    streams = asyncio.gather(*(client.done.wait() for client in clients[:active]))
    peak = await highest_kb(pid, streams)
    print(f"an active stream, at the highest: {(peak - full) / active:.0f} KB (of {active})")

    for client in clients[:active]:
        client.stop_reading()
        client.ask(target)
    stopped = await settled_kb(pid)
    print(f"an active stream whose client does not read: {(stopped - full) / active:.0f} KB (of {active})")

    for client in clients:
        client.socket.close()
    print(f"all closed: {await settled_kb(pid) / 1024:.1f} MB")


def main() -> None:
    """Read the options, start everything, measure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--idle", type=int, default=1000)
    parser.add_argument("--active", type=int, default=100)
    parser.add_argument("--transport", default="nats")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, empty_platform(Path(folder)) as platform:
        api = platform.start_api(transport=options.transport)
        with featherweight(platform.nats.url):
            platform.wait(stt=0)
            target = Target(platform.url, KEY, voice="heart", encoding="pcm_f32le")
            uvloop.run(run(target, api.pid, options.idle, options.active))


if __name__ == "__main__":
    main()
