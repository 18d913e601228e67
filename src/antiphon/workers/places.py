"""The places of a worker: who holds one, and who lost the right to."""

from dataclasses import dataclass

import msgspec

from antiphon.contract.jobs import Accepted, Job, OfferReply, Refused, SynthesisJob
from antiphon.contract.presence import ApiAlive, Presence

API_SILENT_S = 5.0
"""Jobs of an API server unheard of for this long are dropped: it died, and nobody will cancel them."""

CANCEL_GRACE_S = 3.0
"""A job younger than this may be missing in its API server's heartbeat."""


CANCELLED_S = 5.0
"""How long an offer may come after its own cancellation."""


@dataclass(slots=True)
class Place:
    """A held place."""

    job: Job
    since: float


class Places:
    """Admission. Pure: time comes in as a value (seconds, monotonic).

    Attributes:
        draining: no new jobs are taken.
    """

    def __init__(self, offering: Presence) -> None:
        self._offering = offering
        self._held: dict[str, Place] = {}
        self._heard: dict[str, float] = {}
        self._cancelled: dict[tuple[str, int], float] = {}
        self.draining = False

    def __len__(self) -> int:
        return len(self._held)

    def resize(self, capacity: int) -> None:
        """Another number of streams may be held from now on; those that are, stay."""
        if capacity != self._offering.capacity:
            self._offering = msgspec.structs.replace(self._offering, capacity=capacity)

    def offer(self, job: Job, now: float) -> OfferReply:
        """Accept a job and give it a place, or say why not. A newer attempt takes over its own place."""
        if (job.job, job.attempt) in self._cancelled:
            return Refused(self._offering.worker, "cancelled")
        refusal = self._refusal(job)
        if refusal:
            return refusal
        self._held[job.job] = Place(job, now)
        self._heard.setdefault(job.api, now)
        return Accepted(self._offering.worker)

    def holds(self, job: str, attempt: int) -> bool:
        """Whether this attempt holds a place."""
        place = self._held.get(job)
        return place is not None and place.job.attempt == attempt

    def cancelled(self, job: str, attempt: int, now: float) -> None:
        """This attempt is not wanted: should it only be offered later, it is refused."""
        for key in [key for key, at in self._cancelled.items() if now - at > CANCELLED_S]:
            del self._cancelled[key]
        if not self.holds(job, attempt):
            self._cancelled[job, attempt] = now

    def free(self, job: Job) -> bool:
        """Give up the place of this attempt; False when another attempt holds it."""
        if not self.holds(job.job, job.attempt):
            return False
        del self._held[job.job]
        return True

    def heartbeat(self, alive: ApiAlive, now: float) -> list[Job]:
        """An API server told which jobs it wants: those to cancel that it no longer does."""
        self._heard[alive.api] = now
        wanted = set(alive.jobs)
        return [
            p.job
            for p in self._held.values()
            if p.job.api == alive.api
            and (p.job.job, p.job.attempt) not in wanted
            and now - p.since > CANCEL_GRACE_S
        ]

    def orphans(self, now: float) -> list[Job]:
        """Jobs whose API server fell silent."""
        silent = {api for api, heard in self._heard.items() if now - heard > API_SILENT_S}
        for api in silent:
            del self._heard[api]
        return [p.job for p in self._held.values() if p.job.api in silent]

    def away(self, now: float) -> None:
        """Nobody could be heard up to now: silence begins anew."""
        self._heard = dict.fromkeys(self._heard, now)

    def _refusal(self, job: Job) -> Refused | None:
        if self.draining:
            return Refused(self._offering.worker, "draining")
        if unable := self._unable(job):
            return unable
        if len(self) >= self._offering.places_for(job) and job.job not in self._held:
            return Refused(self._offering.worker, "full")
        return None

    def _unable(self, job: Job) -> Refused | None:
        """Why this worker could never do the job."""
        me = self._offering
        if me.kind != ("tts" if isinstance(job, SynthesisJob) else "stt"):
            return Refused(me.worker, "malformed", f"A {me.kind.upper()} worker can't do this job.")
        if job.model != me.model:
            return Refused(me.worker, "unknown_model", f"This worker serves {me.model!r}, not {job.model!r}.")
        if job.language and job.language not in me.languages:
            known = ", ".join(me.languages)
            detail = f"The model {me.model!r} has no language {job.language!r}; it has {known}."
            return Refused(me.worker, "unknown_language", detail)
        if isinstance(job, SynthesisJob) and job.voice not in me.voices:
            return Refused(me.worker, "unknown_voice", f"The model {me.model!r} has no voice {job.voice!r}.")
        return None
