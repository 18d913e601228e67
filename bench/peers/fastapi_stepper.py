"""Peer 4: FastAPI whose threads step the streams in turn: the strongest simple design."""

import argparse
import asyncio
import os
import sys
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from speech import DONE, Ramp, Speech, load_model, server_sent, step

THREADS = "PEER_THREADS"


@dataclass(slots=True)
class Turn:
    """A stream in the ring, and who takes its events (None: that was all)."""

    speech: Speech
    deliver: Callable[[str | None], None]
    gone: bool = False


class Stepper:
    """Threads that take the next stream of a ring, make one chunk of it and put it back at the end.

    New streams come first: whoever hears nothing yet waits for at most the chunks that are being made.
    onnxruntime and numpy release the interpreter lock in their heavy parts, so that threads run side by
    side; each has a model object of its own, as model objects are for one thread.

    Args:
        threads: how many.
    """

    def __init__(self, threads: int) -> None:
        self._ring: deque[Turn] = deque()
        self._changed = threading.Condition()
        self._models = [load_model() for _ in range(threads)]

    def start(self) -> None:
        """Start the threads."""
        for model in self._models:
            threading.Thread(target=self._run, args=(model,), daemon=True).start()

    def add(self, turn: Turn) -> None:
        """A stream joins."""
        with self._changed:
            self._ring.appendleft(turn)
            self._changed.notify()

    def _run(self, model: object) -> None:
        while True:
            with self._changed:
                while not self._ring:
                    self._changed.wait()
                turn = self._ring.popleft()
            if turn.gone:
                continue
            (event,) = step(model, [turn.speech])
            if event:
                turn.deliver(event)
            if turn.speech.done:
                turn.deliver(None)
                continue
            with self._changed:
                if turn.speech.begun:
                    self._ring.append(turn)
                else:
                    self._ring.appendleft(turn)
                self._changed.notify()


def make_app() -> FastAPI:
    """The application of one process."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        app.state.stepper = Stepper(int(os.environ[THREADS]))
        app.state.stepper.start()
        yield

    # The event loop wants the interpreter lock for moments only: it should not wait 5 ms for each.
    sys.setswitchinterval(0.0005)
    app = FastAPI(lifespan=lifespan)
    ramp = Ramp.from_environment()

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/tts/sse")
    async def speak(request: Request) -> Response:
        try:
            speech = Speech(await request.json(), ramp)
        except ValueError as error:
            return JSONResponse({"message": str(error)}, status_code=400)
        return StreamingResponse(
            _events(app.state.stepper, speech),
            media_type="text/event-stream",
            headers={"connection": "close"},  # lets the process that has time take the next request
        )

    return app


async def _events(stepper: Stepper, speech: Speech) -> AsyncGenerator[str]:
    loop, events = asyncio.get_running_loop(), asyncio.Queue[str | None]()
    turn = Turn(speech, lambda event: loop.call_soon_threadsafe(events.put_nowait, event))
    stepper.add(turn)
    try:
        while (event := await events.get()) is not None:
            yield server_sent(event)
        yield server_sent(DONE)
    finally:
        turn.gone = True


def main() -> None:
    """Serve until a signal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of each process")
    arguments = parser.parse_args()
    os.environ[THREADS] = str(arguments.threads)
    uvicorn.run(
        "fastapi_stepper:make_app",
        factory=True,
        port=arguments.port,
        workers=arguments.processes,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=2,
    )


if __name__ == "__main__":
    main()
