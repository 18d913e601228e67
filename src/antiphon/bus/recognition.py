"""A stream being heard, as the API server holds it."""

import asyncio
from collections import deque
from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.bus.streams import Host, JobStream
from antiphon.contract.events import Done, Ending, Event, Final, Finalized, Heard, Partial, Voice
from antiphon.contract.jobs import AudioIn, EndOfAudio, Finalize, RecognitionJob
from antiphon.contract.wire import MAX_PAYLOAD_BYTES

HEARING_WINDOW_S = 30.0
"""How far the audio sent to a worker may be ahead of what it has taken in."""

UNASKED_LEAD_S = 1.0
"""How late text may come that nobody has asked for."""

SILENT_AUDIO_S = 1.5
"""Workers tell how far they have heard about once a second of audio."""

STT_RATE = 16_000


class RecognitionStream(JobStream):
    """A stream being heard: send audio, iterate over what is heard, up to `Done`."""

    kind = "stt"
    job: RecognitionJob

    def __init__(self, job: RecognitionJob, host: Host, tenant: str = "") -> None:
        super().__init__(job, host, tenant)
        self._seq = 0
        self._last: AudioIn | Finalize | EndOfAudio | None = None
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

    async def __anext__(self) -> Partial | Final | Finalized | Voice | Ending | Done:
        while True:
            output = await self._next_output()
            if isinstance(output, Partial | Final | Finalized | Voice | Ending | Done):
                return output

    @property
    def heard_s(self) -> float:
        """How far the worker has come, in seconds of the stream; its text may come a little later."""
        return self._heard_s

    @property
    def awaits(self) -> bool:
        """Whether the worker has audio that it has not taken in, or a question."""
        return bool(self._unanswered) or self._sent_s > self._heard_s

    @property
    def hands_over(self) -> bool:
        """A stream may last for hours; what was not settled is heard again elsewhere."""
        return True

    def lead_s(self) -> float:
        """Somebody waits for an answer; text between answers may be a little late."""
        return 0.0 if self._unanswered else UNASKED_LEAD_S

    def next_attempt(self) -> RecognitionJob:
        """Hears again what was not settled."""
        return msgspec.structs.replace(self.job, attempt=self.job.attempt + 1, start_s=self._replay_from_s)

    def _owes(self) -> bool:
        return bool(self._unanswered) or self._sent_s - self._heard_s > SILENT_AUDIO_S

    def _received(self, event: Event) -> Iterable[Partial | Final | Finalized | Voice | Ending]:
        if isinstance(event, Partial | Final) and self._inbox and isinstance(self._inbox[-1], Partial):
            # Out of date before it was read: a reader who is slow finds no more than one.
            self._inbox.pop()
        match event:
            case Heard():
                self._heard_up_to(event.audio_s)
                self._forget_before(event.settled_s)
            case Final():
                self._heard_up_to(event.end_s)
                self._forget_before(event.end_s)
                return (self._joined(event),)
            case Finalized():
                self._unanswered.discard(event.mark)
                self._replay = deque(
                    item for item in self._replay if isinstance(item, np.ndarray) or item != event.mark
                )
                return (event,)
            case Partial() | Voice() | Ending():
                return (event,)
            case _:
                pass
        return ()

    def _finish(self) -> None:
        super()._finish()
        self._room.set()

    def _resumed(self) -> None:
        self._seq = 0
        self._last = None
        self._sent_s = self._heard_s = self._replay_from_s
        for item in self._replay:
            if item is None:
                self._send_end()
            elif isinstance(item, int):
                self._send_finalize(item)
            else:
                self._send_audio(item)

    def _remind(self) -> None:
        # Lost, it leaves no gap that the worker could see; had it come, it is dropped there by its number.
        if self._last:
            self._tell(self._last)

    def _send_audio(self, samples: NDArray[np.float32]) -> None:
        self._sent_s += len(samples) / STT_RATE
        self._send(AudioIn(self.job.attempt, self._take_seq(), samples.tobytes()))

    def _send_finalize(self, mark: int) -> None:
        self._send(Finalize(self.job.attempt, self._take_seq(), mark))

    def _send_end(self) -> None:
        self._send(EndOfAudio(self.job.attempt, self._take_seq()))

    def _send(self, message: AudioIn | Finalize | EndOfAudio) -> None:
        self._last = message
        self._tell(message)

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
