"""Peer 3: FastAPI with a lock around the model, one sentence after the other: what most open servers do."""

import argparse
import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from speech import DONE, Ramp, Speech, load_model, server_sent, step

WHOLE = "PEER_WHOLE_SENTENCES"


def make_app() -> FastAPI:
    """The application of one process."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        app.state.model = load_model()
        app.state.lock = asyncio.Lock()
        yield

    app = FastAPI(lifespan=lifespan)
    ramp, whole = Ramp.from_environment(), os.environ.get(WHOLE) == "1"

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/tts/sse")
    async def speak(request: Request) -> Response:
        try:
            speech = Speech(await request.json(), ramp)
        except ValueError as error:
            return JSONResponse({"message": str(error)}, status_code=400)
        sentences = _whole_sentences(app.state, speech) if whole else _sentences(app.state, speech)
        # A new connection for each request lets the process that has time take it.
        return StreamingResponse(sentences, media_type="text/event-stream", headers={"connection": "close"})

    return app


async def _sentences(state: Any, speech: Speech) -> AsyncGenerator[str]:
    """Under the lock for a sentence; its chunks leave as they are made."""
    while not speech.done:
        async with state.lock:
            while True:
                (event,) = await asyncio.to_thread(step, state.model, [speech])
                if event:
                    yield server_sent(event)
                if speech.between_segments:
                    break
    yield server_sent(DONE)


async def _whole_sentences(state: Any, speech: Speech) -> AsyncGenerator[str]:
    """Under the lock for a sentence, which leaves once it is made."""
    while not speech.done:
        async with state.lock:
            events = await asyncio.to_thread(_sentence, state.model, speech)
        for event in events:
            yield server_sent(event)
    yield server_sent(DONE)


def _sentence(model: Any, speech: Speech) -> list[str]:
    events = step(model, [speech])
    while not speech.between_segments:
        events += step(model, [speech])
    return [event for event in events if event]


def main() -> None:
    """Serve until a signal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--whole", action="store_true", help="send a sentence once all of it is made")
    arguments = parser.parse_args()
    os.environ[WHOLE] = "1" if arguments.whole else "0"
    uvicorn.run(
        "fastapi_lock:make_app",
        factory=True,
        port=arguments.port,
        workers=arguments.processes,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=2,
    )


if __name__ == "__main__":
    main()
