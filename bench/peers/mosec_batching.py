"""Peer 2: mosec's dynamic batching with server-sent events: a batch ends before the next begins."""

import argparse
import os
from typing import Any

import mosec

from speech import DONE, Ramp, Speech, load_model, refusal, step


class SpeechWorker(mosec.SSEWorker):
    """A process that speaks a batch of requests."""

    def __init__(self) -> None:
        super().__init__()
        self._model = load_model()
        self._ramp = Ramp.from_environment()

    def forward(self, data: Any) -> Any:
        """Speak the requests: first chunks first, then the shortest way round."""
        batch = data if self.max_batch_size > 1 else [data]
        running: list[tuple[int, Speech]] = []
        for index, body in enumerate(batch):
            try:
                running.append((index, Speech(body, self._ramp)))
            except ValueError as error:
                self.send_stream_event(refusal(error), index=index)
        while running:
            for index, speech in running:
                (event,) = step(self._model, [speech])
                if event:
                    self.send_stream_event(event, index=index)
                if speech.done:
                    self.send_stream_event(DONE, index=index)
            running = [(index, speech) for index, speech in running if not speech.done]
        return data


def main() -> None:
    """Serve until a signal. What mosec's own command line knows (``--port``, ``--log-level``) it reads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--rows", type=int, default=8, help="largest batch; 1 turns batching off")
    parser.add_argument("--wait-ms", type=int, default=1, help="how long a batch waits to fill")
    arguments, _ = parser.parse_known_args()
    # By default it gives up on an answer after three seconds.
    os.environ |= {"MOSEC_TIMEOUT": "60000", "MOSEC_ADDRESS": "127.0.0.1"}
    server = mosec.Server()
    server.append_worker(
        SpeechWorker,
        num=arguments.processes,
        max_batch_size=arguments.rows,
        max_wait_time=arguments.wait_ms,
        timeout=60,
        route="/tts/sse",
    )
    server.run()


if __name__ == "__main__":
    main()
