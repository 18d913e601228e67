"""What processes tell each other of themselves."""

import msgspec

from antiphon.contract.subjects import Kind


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's state, told on each change and every 250 ms.

    Attributes:
        worker: id, new at each start of the process.
        model: canonical name of the model it serves.
        languages: codes it can speak or hear.
        voices: ids it can speak with (TTS).
        load, capacity: streams held, and streams it can hold.
        step_s: mean time of one engine step lately, in seconds.
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
    load: int = 0
    capacity: int = 0
    step_s: float = 0.0
    draining: bool = False
    leaving: bool = False
    version: str = ""
    digest: str = ""


class ApiAlive(msgspec.Struct, frozen=True):
    """An API server's heartbeat; ``jobs`` are those it still wants, so that lost cancels heal."""

    api: str
    jobs: tuple[str, ...]
