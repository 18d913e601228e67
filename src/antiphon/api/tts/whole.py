"""A text spoken to its end, for those who need all of it before they can go on."""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from antiphon.api.services import Services
from antiphon.api.tts.output import Chunk, Words
from antiphon.api.tts.plan import make_plan
from antiphon.api.tts.request import parse_request
from antiphon.api.tts.session import Session
from antiphon.audio.encodings import decode
from antiphon.audio.samples import Samples
from antiphon.contract.events import Word

_ENCODING = "pcm_f32le"


@dataclass(frozen=True, slots=True)
class Spoken:
    """What came of a text.

    Attributes:
        samples: [n] at the rate that was asked for.
        words: of the text, as they were spoken.
        step_ms: engine time it took.
        ignored: fields and tags that ask for what the voice can't do.
    """

    samples: Samples
    words: tuple[Word, ...]
    step_ms: float
    ignored: tuple[str, ...]


class Speaker:
    """Speaks texts whole, for one caller.

    Args:
        services: what it stands on.
        tenant: id of the key that asks.
        version: of the wire.
        sample_rate: in Hz, of what is spoken; one that the wire offers.
    """

    def __init__(self, services: Services, *, tenant: str, version: str, sample_rate: int) -> None:
        self._services = services
        self._tenant = tenant
        self._version = version
        self._form = {"container": "raw", "encoding": _ENCODING, "sample_rate": sample_rate}

    async def speak(self, fields: Mapping[str, Any]) -> Spoken:
        """Speak a text.

        Args:
            fields: of a request to speak, but for its output format.

        Raises:
            RequestError: the request is wrong, or there is nothing to speak.
            Overloaded, NoWorker, JobLost, InternalError: it could not be spoken.
        """
        asked = {**fields, "output_format": self._form, "add_timestamps": True}
        request = parse_request(asked, version=self._version, raw_only=True)
        session = Session(make_plan(request, self._services), self._services.dispatcher, self._tenant)
        session.push(replace(request.input, more=False))
        pieces: list[bytes] = []
        words: list[Word] = []
        step_ms = 0.0
        async with aclosing(session.outputs()) as outputs:
            async for output in outputs:
                if isinstance(output, Chunk):
                    pieces.append(output.data)
                    step_ms += output.step_ms
                elif isinstance(output, Words):
                    words += output.words
        return Spoken(decode(b"".join(pieces), _ENCODING), tuple(words), step_ms, tuple(session.ignored))
