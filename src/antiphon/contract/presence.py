"""What processes tell each other of themselves."""

import math

import msgspec

from antiphon.contract.jobs import Job, goes_on
from antiphon.contract.subjects import Kind

RESERVE = 4
"""One place for each so many is kept, beyond the capacity, for jobs that somebody is listening to already."""


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's state, told on each change and every 250 ms.

    Attributes:
        worker: id, new at each start of the process.
        model: canonical name of the model it serves.
        languages: codes it can speak or hear.
        voices: ids it can speak with (TTS).
        keyterms: whether a job's key terms change what it hears (STT).
        load, capacity: streams held, and streams it can hold.
        wait_s: seconds until a job offered now would bring its first audio or text, as the worker reckons.
        wait_per_job_s: what each job that it takes adds to that.
        draining: takes no new jobs.
        leaving: the worker's last word: forget it and move its jobs.
        version: of the software.
        digest: sha256 over the model's files: equal digests give equal samples.
    """

    worker: str
    kind: Kind
    model: str
    languages: tuple[str, ...]
    voices: tuple[str, ...] = ()
    keyterms: bool = False
    load: int = 0
    capacity: int = 0
    wait_s: float = 0.0
    wait_per_job_s: float = 0.0
    draining: bool = False
    leaving: bool = False
    version: str = ""
    digest: str = ""

    def places_for(self, job: Job) -> int:
        """How many streams may be held for this job to join: some room is kept for speech that goes on."""
        return self.capacity + math.ceil(self.capacity / RESERVE) if goes_on(job) else self.capacity


class Direct(msgspec.Struct, frozen=True):
    """Where an API server takes events over connections of their own (`antiphon.bus.direct`).

    Attributes:
        host, port: where it listens.
        secret: what a worker has to say there.
    """

    host: str
    port: int
    secret: str


class ApiAlive(msgspec.Struct, frozen=True):
    """An API server's heartbeat.

    Attributes:
        api: its id.
        jobs: id and attempt of those it still wants, so that lost cancels heal.
        direct: where it takes events other than by NATS.
    """

    api: str
    jobs: tuple[tuple[str, int], ...]
    direct: Direct | None = None


class Pulse(msgspec.Struct, frozen=True, array_like=True):
    """A worker's answer to a probe, given by its bus even while its model runs.

    Attributes:
        overdue_s: seconds that the step which runs now is beyond anything its cost explains; 0.0 when all
            is well.
    """

    overdue_s: float
