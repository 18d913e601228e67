"""What the routes stand on, handed in once when the app is made."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Protocol

import numpy as np
from fastapi import Depends
from numpy.typing import NDArray
from starlette.requests import HTTPConnection

from antiphon.api.lifetime import Lifetime
from antiphon.api.limits import Limits
from antiphon.api.models import ModelNames
from antiphon.api.tokens import Tokens
from antiphon.catalog.dictionaries import Dictionaries
from antiphon.catalog.voices import Voices
from antiphon.contract.events import AudioOut, Done, Ending, Final, Finalized, Partial, Timestamps, Voice
from antiphon.contract.jobs import RecognitionJob, SynthesisJob
from antiphon.contract.presence import Presence
from antiphon.contract.subjects import Kind
from antiphon.licensing.client import Authorizer
from antiphon.settings import Settings


class SynthesisStream(Protocol):
    """A running synthesis job; `Done` is its last event.

    Attributes:
        worker: the one that runs it.
    """

    worker: str

    def __aiter__(self) -> AsyncIterator[AudioOut | Timestamps | Done]:
        """The events in order, timestamps before the audio they describe.

        Raises:
            JobLost: the job was lost on every worker it was tried on.
            InternalError: a worker failed on it.
        """
        ...

    def grant(self, total_s: float) -> None:
        """Raise the sum of seconds the worker may have sent to ``total_s``."""
        ...

    async def aclose(self) -> None:
        """Cancel the job if it still runs."""
        ...


class RecognitionStream(Protocol):
    """A running recognition job; `Done` is its last event."""

    @property
    def heard_s(self) -> float:
        """How far its worker has come, in seconds of the stream; its text may come a little later."""
        ...

    def __aiter__(self) -> AsyncIterator[Partial | Final | Finalized | Voice | Ending | Done]:
        """The events in order.

        Raises:
            JobLost: the job was lost on every worker it was tried on.
            InternalError: a worker failed on it.
        """
        ...

    async def send(self, samples: NDArray[np.float32]) -> None:
        """Send audio (16 kHz mono); waits while the worker is too far behind."""
        ...

    async def finalize(self, mark: int) -> None:
        """Ask for everything heard so far to be made final; answered by `Finalized` with this mark."""
        ...

    async def end(self) -> None:
        """Say that no audio follows."""
        ...

    async def aclose(self) -> None:
        """Cancel the job if it still runs."""
        ...


class Dispatcher(Protocol):
    """Places jobs on workers."""

    @property
    def connected(self) -> bool:
        """The bus is reached."""
        ...

    def offerings(self, kind: Kind) -> Sequence[Presence]:
        """The workers of a kind that take jobs now."""
        ...

    async def synthesize(self, job: SynthesisJob, *, tenant: str, prefer: str = "") -> SynthesisStream:
        """Place a job.

        Args:
            job: what to speak.
            tenant: id of the key that asks: places are shared out between keys.
            prefer: the worker to ask first.

        Raises:
            Overloaded: no place became free in time, or would.
            NoWorker: no worker could serve it.
            ModelNotFound, VoiceNotFound, LanguageNotSupported: no worker ever will.
        """
        ...

    async def recognize(self, job: RecognitionJob, *, tenant: str) -> RecognitionStream:
        """Place a job. Takes and raises as `synthesize` does."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the routes need.

    Attributes:
        tokens: makes and reads access tokens; by default such as no other server takes.
        limits: what a key may use at once; by default there are none.
        lifetime: counts what runs, for a gentle stop.
    """

    settings: Settings
    dispatcher: Dispatcher
    authorizer: Authorizer
    voices: Voices
    models: ModelNames
    dictionaries: Dictionaries
    tokens: Tokens = field(default_factory=Tokens.of_one_server)
    limits: Limits = field(default_factory=Limits)
    lifetime: Lifetime = field(default_factory=Lifetime)


def services_of(connection: HTTPConnection) -> Services:
    """The services of the app that serves this connection."""
    services: Services = connection.app.state.services
    return services


async def _services(connection: HTTPConnection) -> Services:
    # FastAPI would run a plain function in a thread.
    return services_of(connection)


ServicesDep = Annotated[Services, Depends(_services)]
