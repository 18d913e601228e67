"""A stream being heard, as the API server holds it."""

import asyncio
from collections import deque

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.bus.streams import Host, JobStream
from antiphon.contract.events import Done, Final, Finalized, Heard, Partial
from antiphon.contract.jobs import AudioIn, EndOfAudio, Finalize, RecognitionJob
from antiphon.contract.wire import MAX_PAYLOAD_BYTES

HEARING_WINDOW_S = 30.0
"""How far the audio sent to a worker may be ahead of what it has taken in."""

STT_RATE = 16_000


class RecognitionStream(JobStream):
    """A stream being heard: send audio, iterate over `Partial`, `Final`, `Finalized` and, last, `Done`."""

    kind = "stt"
    job: RecognitionJob

    def __init__(self, job: RecognitionJob, host: Host, tenant: str = "") -> None:
        super().__init__(job, host, tenant)
        self._seq = 0
        self._sent_s = job.start_s
        self._heard_s = job.start_s
        # What a next attempt would need: everything since the last final, in order.
        self._replay: deque[NDArray[np.float32] | int | None] = deque()
        self._replay_from_s = job.start_s
        self._unanswered: set[int | None] = set()  # marks, and None for the end
        self._spoken = False
        self._room = asyncio.Event()
        self._room.set()

    async def send(self, samples: NDArray[np.float32]) -> None:
        """Send 16 kHz mono float32 audio; waits while the worker is far behind."""
        step = MAX_PAYLOAD_BYTES // 4
        for start in range(0, len(samples), step):
            while self._sent_s - self._heard_s > HEARING_WINDOW_S and not self.over:
                self._room.clear()
                await self._room.wait()
            if self.over:
                return
            piece = np.ascontiguousarray(samples[start : start + step], np.float32)
            self._replay.append(piece)
            self._send_audio(piece)

    async def finalize(self, mark: int) -> None:
        """Ask that all audio so far be made final; answered by `Finalized` with this mark."""
        self._replay.append(mark)
        self._unanswered.add(mark)
        self._send_finalize(mark)

    async def end(self) -> None:
        """No audio follows."""
        self._replay.append(None)
        self._unanswered.add(None)
        self._send_end()

    async def __anext__(self) -> Partial | Final | Finalized | Done:
        while True:
            event = await self._next_event()
            match event:
                case Heard():
                    self._heard_up_to(event.audio_s)
                    self._forget_before(event.settled_s)
                case Final():
                    self._heard_up_to(event.end_s)
                    self._forget_before(event.end_s)
                    return self._joined(event)
                case Finalized():
                    self._unanswered.discard(event.mark)
                    self._replay = deque(
                        item for item in self._replay if isinstance(item, np.ndarray) or item != event.mark
                    )
                    return event
                case Partial():
                    return event
                case Done():
                    self._finish()
                    return event
                case _:
                    pass

    def _finish(self) -> None:
        super()._finish()
        self._room.set()

    def _owes(self) -> bool:
        return bool(self._unanswered) or self._sent_s - self._heard_s > 1.0

    def _next_attempt(self) -> RecognitionJob:
        return msgspec.structs.replace(self.job, attempt=self.job.attempt + 1, start_s=self._replay_from_s)

    def _resumed(self) -> None:
        self._seq = 0
        self._sent_s = self._heard_s = self._replay_from_s
        for item in self._replay:
            if item is None:
                self._send_end()
            elif isinstance(item, int):
                self._send_finalize(item)
            else:
                self._send_audio(item)

    def _send_audio(self, samples: NDArray[np.float32]) -> None:
        self._sent_s += len(samples) / STT_RATE
        self._tell(AudioIn(self.job.attempt, self._take_seq(), samples.tobytes()))

    def _send_finalize(self, mark: int) -> None:
        self._tell(Finalize(self.job.attempt, self._take_seq(), mark))

    def _send_end(self) -> None:
        self._tell(EndOfAudio(self.job.attempt, self._take_seq()))

    def _take_seq(self) -> int:
        seq, self._seq = self._seq, self._seq + 1
        return seq

    def _heard_up_to(self, audio_s: float) -> None:
        self._heard_s = max(self._heard_s, audio_s)
        self._room.set()

    def _forget_before(self, end_s: float) -> None:
        """Drop the audio that no further attempt needs."""
        while self._replay and isinstance(head := self._replay[0], np.ndarray):
            spare = round((end_s - self._replay_from_s) * STT_RATE)
            if spare <= 0:
                return
            self._failures = 0
            if spare < len(head):
                self._replay[0] = head[spare:]
                self._replay_from_s += spare / STT_RATE
                return
            self._replay.popleft()
            self._replay_from_s += len(head) / STT_RATE

    def _joined(self, final: Final) -> Final:
        """Finals of a moved job join the earlier ones verbatim too."""
        text = final.text.removeprefix(" ")
        if not text:
            return final
        joined = f" {text}" if self._spoken else text
        self._spoken = True
        return msgspec.structs.replace(final, text=joined)
