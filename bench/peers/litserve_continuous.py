"""Peer 1: LitServe's continuous batching: streams join and leave its loop between steps."""

import argparse
import asyncio
import os
import signal
from typing import Any

import litserve
from litserve.loops.continuous_batching_loop import ContinuousBatchingLoop, Output
from litserve.utils import LitAPIStatus

from speech import DONE, Ramp, Speech, load_model, refusal, server_sent, step

IDLE_S = 0.0005
MAX_STREAMS = 256


class RestingLoop(ContinuousBatchingLoop):
    """LitServe's loop, but asleep while there is nothing to do.

    As it comes (0.2.19), an idle worker spins on its event loop and takes the core from the busy one.
    """

    async def run(self, lit_api: Any, *arguments: Any, **named: Any) -> None:
        """Run until no stream is left, or rest for a moment."""
        if lit_api.has_active_requests():
            await super().run(lit_api, *arguments, **named)
        else:
            await asyncio.sleep(IDLE_S)


class SpeechAPI(litserve.LitAPI):
    """What LitServe's loop asks of a model.

    Args:
        rows: most streams a step. On a CPU a batch takes as long as its rows one after the other: small
            steps let newcomers in sooner, large ones cost less of LitServe's own time.
    """

    def __init__(self, *, rows: int, **options: Any) -> None:
        super().__init__(**options)
        self._rows = rows

    def setup(self, _device: str) -> None:
        """Load the model, in the worker's process."""
        self._model = load_model()
        self._ramp = Ramp.from_environment()
        self._speeches: dict[str, Speech] = {}
        self._refused: list[Output] = []

    def add_request(self, uid: str, request: dict[str, Any]) -> None:
        """A stream joins."""
        try:
            self._speeches[uid] = Speech(request, self._ramp)
        except ValueError as error:
            self._refused += [Output(uid, refusal(error), LitAPIStatus.OK), _end(uid)]

    def has_capacity(self) -> bool:
        """Whether another stream may join."""
        return len(self._speeches) < MAX_STREAMS

    def has_active_requests(self) -> bool:
        """Whether a step would do anything."""
        return bool(self._speeches or self._refused)

    def step(self, _previous: list[Output] | None) -> list[Output]:
        """One chunk for those who hear nothing yet, else for those who waited longest."""
        outputs, self._refused = self._refused, []
        waiting = list(self._speeches.items())
        chosen = sorted(waiting, key=lambda item: item[1].begun)[: self._rows]
        if not chosen:
            return outputs
        for (uid, speech), event in zip(chosen, step(self._model, [s for _, s in chosen]), strict=True):
            del self._speeches[uid]
            if event:
                outputs.append(Output(uid, event, LitAPIStatus.OK))
            if speech.done:
                outputs += [Output(uid, DONE, LitAPIStatus.OK), _end(uid)]
            else:
                self._speeches[uid] = speech  # at the end of the line
        return outputs

    def encode_response(self, output: str) -> str:
        """An event as the client gets it."""
        return server_sent(output)


def _end(uid: str) -> Output:
    return Output(uid, "", LitAPIStatus.FINISH_STREAMING)


def main() -> None:
    """Serve until a signal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--rows", type=int, default=1)
    parser.add_argument("--api-servers", type=int, default=1)
    parser.add_argument("--plain-queue", action="store_true", help="LitServe's default transport, not ZeroMQ")
    arguments = parser.parse_args()
    api = SpeechAPI(rows=arguments.rows, stream=True, loop=RestingLoop(), api_path="/tts/sse")
    server = litserve.LitServer(
        api,
        accelerator="cpu",
        workers_per_device=arguments.processes,
        timeout=False,
        fast_queue=not arguments.plain_queue,
    )
    # LitServe ends its processes on Ctrl-C only.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server.run(
        host="127.0.0.1",
        port=arguments.port,
        num_api_servers=arguments.api_servers,
        generate_client_file=False,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=75,
    )


if __name__ == "__main__":
    main()
