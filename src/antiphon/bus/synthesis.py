"""A segment being spoken, as the API server holds it."""

from collections.abc import Iterable

import msgspec

from antiphon.bus.streams import Host, JobStream
from antiphon.contract.events import AudioOut, Done, Event, Timestamps
from antiphon.contract.jobs import Credit, SynthesisJob

ACKNOWLEDGE_EVERY_S = 1.0
"""After so much audio the worker is told what has arrived: it keeps the rest for sending it again."""


class SynthesisStream(JobStream):
    """The audio of one segment: iterate over `AudioOut`, `Timestamps` and, last, `Done`."""

    kind = "tts"
    job: SynthesisJob

    def __init__(self, job: SynthesisJob, host: Host, tenant: str = "") -> None:
        super().__init__(job, host, tenant)
        self._granted_s = job.credit_s
        self._received_samples = 0
        self._received_s = self._acknowledged_s = 0.0
        self._dry_at = None if job.lead_s is None else self._now() + job.lead_s
        # Held back until their audio is there, so that a moved job can't tell them twice.
        self._times: Timestamps | None = None

    def grant(self, total_s: float) -> None:
        """Let the worker run up to ``total_s`` seconds of this segment's audio."""
        if total_s > self._granted_s:
            self._granted_s = total_s
            self._tell_credit()

    async def __anext__(self) -> AudioOut | Timestamps | Done:
        while True:
            output = await self._next_output()
            if isinstance(output, AudioOut | Timestamps | Done):
                return output

    @property
    def awaits(self) -> bool:
        """Whether the worker has credit that it has not used."""
        return self._owes()

    @property
    def hands_over(self) -> bool:
        """What has credit is soon finished; what waits for its listener may wait for long."""
        return not self._owes()

    @property
    def needs_digest(self) -> str:
        """Once something was heard, the rest must fit."""
        return self.digest if self._received_samples else ""

    def lead_s(self) -> float:
        """Seconds of audio that the listener has left, played as it came."""
        return 0.0 if self._dry_at is None else max(0.0, self._dry_at - self._now())

    def next_attempt(self) -> SynthesisJob:
        """Goes on behind the last sample that arrived."""
        return msgspec.structs.replace(
            self.job,
            attempt=self.job.attempt + 1,
            resume_at_sample=self._received_samples,
            credit_s=self._granted_s,
            lead_s=None if self._dry_at is None else self.lead_s(),
        )

    def _owes(self) -> bool:
        return self._received_s < self._granted_s

    def _received(self, event: Event) -> Iterable[AudioOut | Timestamps]:
        match event:
            case Timestamps():
                self._times = event
            case AudioOut():
                self._failures = 0
                self._count(event)
                times, self._times = self._times, None
                if times and times.attempt == event.attempt:
                    return times, event
                return (event,)
            case _:
                pass
        return ()

    def _count(self, audio: AudioOut) -> None:
        samples = len(audio.samples) // 4
        self._received_samples = audio.start_sample + samples
        self._received_s = self._received_samples / audio.sample_rate
        now = self._now()
        self._dry_at = max(now, self._dry_at or now) + samples / audio.sample_rate
        if self._received_s - self._acknowledged_s >= ACKNOWLEDGE_EVERY_S:
            self._tell_credit()

    def _resumed(self) -> None:
        if self._granted_s > self.job.credit_s:
            self._tell_credit()

    def _remind(self) -> None:
        self._tell_credit()

    def _tell_credit(self) -> None:
        self._acknowledged_s = self._received_s
        self._tell(Credit(self.job.attempt, self._granted_s, self._order.next_seq))
