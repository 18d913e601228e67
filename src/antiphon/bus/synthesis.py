"""A segment being spoken, as the API server holds it."""

import msgspec

from antiphon.bus.streams import Host, JobStream
from antiphon.contract.events import AudioOut, Done, Timestamps
from antiphon.contract.jobs import Credit, SynthesisJob


class SynthesisStream(JobStream):
    """The audio of one segment: iterate over `AudioOut`, `Timestamps` and, last, `Done`."""

    kind = "tts"
    job: SynthesisJob

    def __init__(self, job: SynthesisJob, host: Host, tenant: str = "") -> None:
        super().__init__(job, host, tenant)
        self._granted_s = job.credit_s
        self._received = 0
        self._received_s = 0.0
        self._times: Timestamps | None = None

    def grant(self, total_s: float) -> None:
        """Let the worker run up to ``total_s`` seconds of this segment's audio."""
        if total_s > self._granted_s and not self.over:
            self._granted_s = total_s
            self._tell(Credit(self.job.attempt, total_s))

    async def __anext__(self) -> AudioOut | Timestamps | Done:
        while True:
            event = await self._next_event()
            match event:
                case Timestamps():
                    # Held back until their audio is there, so that a moved job can't tell them twice.
                    self._times = event
                case AudioOut() if self._times is not None:
                    times, self._times = self._times, None
                    self._inbox.appendleft(event)
                    return times
                case AudioOut():
                    self._failures = 0
                    self._received = event.start_sample + len(event.samples) // 4
                    self._received_s = self._received / event.sample_rate
                    return event
                case Done():
                    self._finish()
                    return event
                case _:
                    pass

    def _owes(self) -> bool:
        return self._received_s < self._granted_s

    def _next_attempt(self) -> SynthesisJob:
        self._times = None
        return msgspec.structs.replace(
            self.job,
            attempt=self.job.attempt + 1,
            resume_at_sample=self._received,
            credit_s=self._granted_s,
        )
