"""One context at work: its text goes in, audio and timestamps come out, in order."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from uuid import uuid4

import numpy as np

from antiphon.api.services import Dispatcher
from antiphon.api.tts.listener import Listener
from antiphon.api.tts.output import Output, Renderer, samples_of
from antiphon.api.tts.plan import Plan
from antiphon.api.tts.request import TextInput
from antiphon.audio.samples import Samples
from antiphon.contract.events import AudioOut, Done, Timestamps
from antiphon.contract.jobs import SynthesisJob
from antiphon.errors import BadRequest, FileTooLarge, Overloaded
from antiphon.speech.context import Context, End, FlushDone, Pause, Speak
from antiphon.speech.wording import Spoken

AHEAD_S = 8.0
"""How much audio a worker may be ahead of what the client has taken.

So much may wait here for a client that reads slowly (768 KB at 24 kHz). It is longer than most sentences, and
much longer than it takes to move a job to another worker: a listener needs no more."""

EXPIRY_S = 60.0
"""How long a context that has spoken all its text waits for more. A language model that calls a tool may be
silent for long, and a context that expires too early starts its timestamps anew."""

MAX_WAITING_CHARS = 200_000
"""Text of one context that may wait to be spoken: hours of speech. Cutting it up holds everyone else up."""

_NO_SAMPLES: Samples = np.zeros(0, np.float32)


class Session:
    """Runs one context: `push` text, iterate over `outputs`.

    Segments are spoken one after another, each dispatched when the one before has been made: a context that
    waits for text holds no place on a worker.

    Args:
        plan: what it is spoken with.
        dispatcher: places the segments.
        tenant: id of the key that asks for it.
    """

    def __init__(self, plan: Plan, dispatcher: Dispatcher, tenant: str) -> None:
        self._plan = plan
        self._dispatcher = dispatcher
        self._tenant = tenant
        self._context = Context(buffer_delay_s=plan.buffer_delay_s)
        self._renderer = Renderer(plan)
        self._now = asyncio.get_running_loop().time
        self._listener = Listener(plan.model, self._now())
        self._arrival = asyncio.Event()
        self._resting = False
        self._worker = ""

    @property
    def closed(self) -> bool:
        """The last input has come."""
        return self._context.closed

    @property
    def resting(self) -> bool:
        """Everything received has been spoken, and more text may come."""
        return self._resting

    @property
    def ignored(self) -> list[str]:
        """Fields and tags so far that ask for what the voice can't do."""
        tags = {"emotion": "<emotion>", "laughter": "[laughter]"}
        return [*self._plan.ignored, *(tags[kind] for kind in self._context.expressions)]

    def push(self, text: TextInput) -> None:
        """Take in one input.

        Raises:
            BadRequest: the context is closed, or closes without anything to speak.
            FileTooLarge: this is more text than may ever wait.
            Overloaded: too much text waits already.
        """
        if len(text.transcript) > MAX_WAITING_CHARS:
            raise FileTooLarge(f"A transcript may have {MAX_WAITING_CHARS} characters; send it in parts.")
        if self._context.waiting_chars + len(text.transcript) > MAX_WAITING_CHARS:
            raise Overloaded(f"A context may have {MAX_WAITING_CHARS} characters waiting to be spoken.")
        now = self._now()
        self._context.append(text.transcript, more=text.more, flush=text.flush, now=now, manner=text.manner)
        self._resting = False
        self._listener.asked(now)
        self._arrival.set()

    async def outputs(self) -> AsyncGenerator[Output]:
        """What there is to send, in order; `End` is last, unless the context expires: then it only ends.

        Asking for the next output says that the one before has been taken. That is what gives the worker
        credit: a client that stops taking stops the worker. Closing the generator cancels the running job.

        Raises:
            BadRequest: the model found nothing to speak, in all of the text.
            Overloaded, NoWorker, JobLost, InternalError: a segment could not be spoken.
        """
        while True:
            match self._context.next_action(self._now()):
                case None:
                    if not await self._more_text():
                        return
                case FlushDone() as flush_done:
                    yield flush_done
                case Speak() | Pause() as action:
                    audio = self._speech(action) if isinstance(action, Speak) else self._silence(action)
                    async with aclosing(audio):
                        async for output in audio:
                            yield output
                case End() as end:
                    for output in self._rest():
                        yield output
                    yield end
                    return

    def _rest(self) -> Iterator[Output]:
        if not self._renderer.began:
            raise BadRequest(f"The model {self._plan.model!r} finds nothing to speak in the transcript.")
        yield from self._renderer.finish()

    async def _more_text(self) -> bool:
        """Wait until text comes, or text that waits becomes due; False when there is no use in waiting."""
        due = self._context.wake_at()
        self._resting = due is None
        self._arrival.clear()
        try:
            async with asyncio.timeout_at(self._now() + EXPIRY_S if due is None else due):
                await self._arrival.wait()
        except TimeoutError:
            if due is None:
                self._context.cancel()
                return False
        self._listener.rested(self._now())
        return True

    async def _silence(self, pause: Pause) -> AsyncGenerator[Output]:
        before_s = self._renderer.position_s
        for output in self._renderer.pause(pause):
            yield output
        self._took(_NO_SAMPLES, before_s)

    async def _speech(self, segment: Speak) -> AsyncGenerator[Output]:
        spoken = self._plan.wording.speak(segment.text, segment.parts)
        taken_s, granted_s = 0.0, AHEAD_S
        stream = await self._dispatcher.synthesize(
            self._job(segment, spoken), tenant=self._tenant, prefer=self._worker
        )
        self._renderer.begin_segment(segment.flush_id)
        try:
            async for event in stream:
                match event:
                    case Timestamps():
                        self._renderer.hold(event)
                    case AudioOut():
                        samples = samples_of(event, segment.style.volume)
                        before_s = self._renderer.position_s
                        for output in self._renderer.render(event, samples):
                            yield output
                        self._took(samples, before_s)
                        taken_s += len(samples) / event.sample_rate
                        if granted_s - taken_s < AHEAD_S / 2:
                            granted_s = taken_s + AHEAD_S
                            stream.grant(granted_s)
                    case Done():
                        self._worker = stream.worker
        finally:
            await stream.aclose()

    def _took(self, samples: Samples, before_s: float) -> None:
        """The client has taken what came after ``before_s``, these samples among it."""
        self._listener.took(samples, self._renderer.position_s - before_s, self._now())

    def _job(self, segment: Speak, spoken: Spoken) -> SynthesisJob:
        style = segment.style
        return SynthesisJob(
            job=uuid4().hex,
            api="",  # the dispatcher fills in its own
            model=self._plan.model,
            voice=self._plan.voice,
            language=self._plan.language,
            text=spoken.text,
            tokens=spoken.tokens,
            normalize=self._plan.wording.unread,
            speed=style.speed,
            duration_s=None if style.pace_s is None else style.pace_s * len(segment.text),
            segment=segment.index,
            trim_lead=segment.index == 0,
            credit_s=AHEAD_S,
            lead_s=self._listener.lead_s(self._now()),
        )
