"""One context at work: its text goes in, audio and timestamps come out, in order."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from uuid import uuid4

from antiphon.api.services import Dispatcher
from antiphon.api.tts.listener import Listener
from antiphon.api.tts.output import Output, Renderer, samples_of
from antiphon.api.tts.plan import Plan
from antiphon.api.tts.request import TextInput
from antiphon.contract.events import AudioOut, Done, Timestamps
from antiphon.contract.jobs import SynthesisJob
from antiphon.errors import BadRequest, FileTooLarge, Overloaded
from antiphon.speech.context import Context, End, FlushDone, Speak

AHEAD_S = 8.0
"""How much audio a worker may be ahead of what the client has taken.

So much may wait here for a client that reads slowly (768 KB at 24 kHz). It is longer than most sentences, and
much longer than it takes to move a job to another worker: a listener needs no more."""

MAX_WAITING_CHARS = 200_000
"""Text of one context that may wait to be spoken: hours of speech. Cutting it up holds everyone else up."""


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
        self._waiting_chars = 0
        self._resting = False
        self._speed = self._volume = 1.0
        self._worker = ""

    @property
    def closed(self) -> bool:
        """The last input has come."""
        return self._context.closed

    @property
    def resting(self) -> bool:
        """Everything received has been spoken, and more text may come."""
        return self._resting

    def push(self, text: TextInput) -> None:
        """Take in one input; its speed and volume hold from the next segment on.

        Raises:
            BadRequest: the context is closed, or closes without anything to speak.
            FileTooLarge: this is more text than may ever wait.
            Overloaded: too much text waits already.
        """
        if len(text.transcript) > MAX_WAITING_CHARS:
            raise FileTooLarge(f"A transcript may have {MAX_WAITING_CHARS} characters; send it in parts.")
        if self._waiting_chars + len(text.transcript) > MAX_WAITING_CHARS:
            raise Overloaded(f"A context may have {MAX_WAITING_CHARS} characters waiting to be spoken.")
        now = self._now()
        self._context.append(text.transcript, more=text.more, flush=text.flush, now=now)
        self._waiting_chars += len(text.transcript)
        self._resting = False
        self._speed, self._volume = text.speed, text.volume
        self._listener.asked(now)
        self._arrival.set()

    async def outputs(self) -> AsyncGenerator[Output]:
        """What there is to send, in order; `End` is last.

        Asking for the next output says that the one before has been taken. That is what gives the worker
        credit: a client that stops taking stops the worker. Closing the generator cancels the running job.

        Raises:
            BadRequest: the model found nothing to speak, in all of the text.
            Overloaded, NoWorker, JobLost, InternalError: a segment could not be spoken.
        """
        while True:
            match self._context.next_action(self._now()):
                case None:
                    await self._more_text()
                case Speak() as segment:
                    self._waiting_chars -= len(segment.text)
                    async with aclosing(self._speech(segment)) as speech:
                        async for output in speech:
                            yield output
                case FlushDone() as flush_done:
                    yield flush_done
                case End() as end:
                    if not self._renderer.began:
                        raise BadRequest(
                            f"The model {self._plan.model!r} finds nothing to speak in the transcript."
                        )
                    for output in self._renderer.finish():
                        yield output
                    yield end
                    return

    async def _more_text(self) -> None:
        """Wait until text comes, or text that waits becomes due."""
        due = self._context.wake_at()
        if due is None:
            self._waiting_chars = 0
            self._resting = True
        self._arrival.clear()
        try:
            async with asyncio.timeout_at(due):
                await self._arrival.wait()
        except TimeoutError:
            pass  # due now
        self._listener.rested(self._now())

    async def _speech(self, segment: Speak) -> AsyncGenerator[Output]:
        volume, taken_s, granted_s = self._volume, 0.0, AHEAD_S
        stream = await self._dispatcher.synthesize(
            self._job(segment), tenant=self._tenant, prefer=self._worker
        )
        self._renderer.begin_segment(segment.flush_id)
        try:
            async for event in stream:
                match event:
                    case Timestamps():
                        self._renderer.hold(event)
                    case AudioOut():
                        samples = samples_of(event, volume)
                        for output in self._renderer.render(event, samples):
                            yield output
                        seconds = len(samples) / event.sample_rate
                        self._listener.took(samples, seconds, self._now())
                        taken_s += seconds
                        if granted_s - taken_s < AHEAD_S / 2:
                            granted_s = taken_s + AHEAD_S
                            stream.grant(granted_s)
                    case Done():
                        self._worker = stream.worker
        finally:
            await stream.aclose()

    def _job(self, segment: Speak) -> SynthesisJob:
        return SynthesisJob(
            job=uuid4().hex,
            api="",  # the dispatcher fills in its own
            model=self._plan.model,
            voice=self._plan.voice,
            language=self._plan.language,
            text=segment.text,
            speed=self._speed,
            segment=segment.index,
            trim_lead=segment.index == 0,
            credit_s=AHEAD_S,
            lead_s=self._listener.lead_s(self._now()),
        )
