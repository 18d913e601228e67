"""Jobs, the answers to their offer, and what an API server sends while they run."""

from typing import Literal

import msgspec


class Token(msgspec.Struct, frozen=True, array_like=True):
    """Some words of a job's text, what timestamps are to call them, and how they are pronounced.

    Attributes:
        text: what the timestamps of these words say. The audio does not depend on it.
        words: how many words of the job's text, separated by blanks; 0 for what is written and not spoken.
        phonemes: IPA of all of them together, with blanks between words and commas for pauses; punctuation
            before and behind the words is still the text's. Empty: as the model reads them.
    """

    text: str
    words: int = 1
    phonemes: str = ""


class SynthesisJob(msgspec.Struct, frozen=True, tag="synthesis", kw_only=True):
    """Speak one segment (a sentence or phrase) of a context.

    The audio depends on nothing but this message, so that another worker can go on where one stopped.

    Attributes:
        job: id, the same over all attempts.
        attempt: 0, 1 …, another at each offer; events of older attempts are dropped.
        api: the API server that gets the events.
        text: what to speak, words separated by blanks (code points; never logged).
        tokens: what the words are told as, in order; words beyond them (all, where there are none) stand for
            themselves.
        normalize: whether the model may work on the text before it reads it (numbers to words and the like).
        speed: factor of the pace, 1.0 = the voice's own.
        duration_s: how long the audio is to last, as nearly as the pace may be changed for it.
        seed: with ``segment``, keys the noise of the model.
        segment: index of the segment in its context.
        trim_lead: cut the silence before the first audible sample to 20 ms.
        resume_at_sample: leave out this many samples (of the trimmed audio) that were already received.
        credit_s: seconds of audio that may be sent before more credit comes.
        lead_s: seconds of earlier audio the listener still has; None when it waits for the first.
    """

    job: str
    attempt: int = 0
    api: str
    model: str
    voice: str
    language: str
    text: str
    tokens: tuple[Token, ...] = ()
    normalize: bool = True
    speed: float = 1.0
    duration_s: float | None = None
    seed: int = 0
    segment: int = 0
    trim_lead: bool = False
    resume_at_sample: int = 0
    credit_s: float = 30.0
    lead_s: float | None = None


class RecognitionJob(msgspec.Struct, frozen=True, tag="recognition", kw_only=True):
    """Hear one stream of 16 kHz mono float32 audio.

    Attributes:
        job, attempt, api: as in `SynthesisJob`.
        partials: send the unstable text between finals.
        word_timestamps: give each final's words their times.
        voice_activity: send `Voice` too.
        hesitation_s: above 0: where the worker can tell by the sound whether the speaker has finished, it
            sends `Ending` too, and an utterance ends at once at such a pause, at others after this long.
        keyterms: words and phrases that are likely to be said (never logged).
        max_silence_s: a pause this long ends an utterance.
        min_volume: RMS level (0 to 1) under which audio counts as silence.
        start_s: position in the stream of the first sample sent (above 0 when a stream is replayed).
    """

    job: str
    attempt: int = 0
    api: str
    model: str
    language: str
    partials: bool = True
    word_timestamps: bool = False
    voice_activity: bool = False
    hesitation_s: float = 0.0
    keyterms: tuple[str, ...] = ()
    max_silence_s: float = 0.6
    min_volume: float = 0.0
    start_s: float = 0.0


Job = SynthesisJob | RecognitionJob


def goes_on(job: Job) -> bool:
    """Whether the job is in the midst of something: a listener has heard what comes before it."""
    if isinstance(job, SynthesisJob):
        return job.lead_s is not None or job.resume_at_sample > 0
    return job.start_s > 0


class Accepted(msgspec.Struct, frozen=True, tag="accepted"):
    """The worker holds a place for the job and will send its events."""

    worker: str


RefusalReason = Literal[
    "full",
    "draining",
    "stuck",
    "cancelled",
    "unknown_model",
    "unknown_voice",
    "unknown_language",
    "malformed",
]


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The worker takes no such job, now or ever.

    Attributes:
        reason: ``stuck`` while its model does not come back from a step; ``cancelled`` when the cancellation
            was here before the offer.
        detail: for a person.
    """

    worker: str
    reason: RefusalReason
    detail: str = ""


OfferReply = Accepted | Refused


class AudioIn(msgspec.Struct, frozen=True, tag="audio", array_like=True):
    """Samples for a recognition job: ``samples`` is raw little-endian float32, at most 128 KB."""

    attempt: int
    seq: int
    samples: bytes


class Finalize(msgspec.Struct, frozen=True, tag="finalize", array_like=True):
    """Everything heard before this is to be made final now; answered by `Finalized` with the same mark."""

    attempt: int
    seq: int
    mark: int


class EndOfAudio(msgspec.Struct, frozen=True, tag="end", array_like=True):
    """No audio follows: recognise the rest, then `Done`."""

    attempt: int
    seq: int


class Credit(msgspec.Struct, frozen=True, tag="credit", array_like=True):
    """How far a synthesis job may go, and how far it has come (both absolute, so that a lost message heals).

    Attributes:
        total_s: the sum of audio seconds that may have been sent by now.
        next_seq: events before this have arrived: nobody will ask for them again.
    """

    attempt: int
    total_s: float
    next_seq: int


class Resend(msgspec.Struct, frozen=True, tag="resend", array_like=True):
    """Send the events from ``from_seq`` on again, if there are any.

    A worker that can't (any more) answers with `Failed` under that number.

    Attributes:
        api: who asks: a worker that does not know the job could not tell.
    """

    attempt: int
    from_seq: int
    api: str


class Cancel(msgspec.Struct, frozen=True, tag="cancel", array_like=True):
    """Stop at once and free the place; no event follows. An offer that comes after it is refused."""

    attempt: int


JobInput = AudioIn | Finalize | EndOfAudio | Credit | Resend | Cancel
