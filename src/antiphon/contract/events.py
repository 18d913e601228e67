"""What a worker sends about a job, numbered without gaps per job and attempt, to the API server's subject."""

import msgspec


class Word(msgspec.Struct, frozen=True, array_like=True):
    """A word and its times, in seconds from the start of the job's audio (TTS: after trimming)."""

    text: str
    start_s: float
    end_s: float


class _Event(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Common head of every event.

    Attributes:
        job: the job's id.
        attempt: the attempt that made it.
        seq: 0, 1, 2 … within the attempt.
    """

    job: str
    attempt: int
    seq: int


class AudioOut(_Event, frozen=True, tag="audio"):
    """Samples of a synthesis job.

    Attributes:
        start_sample: position of the first sample in the job's (trimmed) audio.
        sample_rate: in Hz.
        samples: raw little-endian float32, mono, at most 128 KB.
        step_s: engine time this chunk took.
    """

    start_sample: int
    sample_rate: int
    samples: bytes
    step_s: float


class Timestamps(_Event, frozen=True, tag="timestamps"):
    """Words and phonemes that begin in the audio of the event right after this one."""

    words: tuple[Word, ...]
    phonemes: tuple[Word, ...]


class Partial(_Event, frozen=True, tag="partial"):
    """Text of the open utterance so far: replaces the last partial.

    Attributes:
        text: joins the finals as theirs does.
        audio_s: how far it was heard, in seconds of the stream.
        certain: how many characters of the text later partials begin with too, and most likely the final.
    """

    text: str
    audio_s: float
    certain: int = 0


class Final(_Event, frozen=True, tag="final"):
    """Text that never changes: joins the earlier finals verbatim (leading space included).

    Attributes:
        text: may be empty when nothing was said before a finalize.
        start_s, end_s: the audio it covers, in seconds of the stream; audio before ``end_s`` is done with.
        words: empty unless asked for.
        language: code of what was spoken, as the model tells, else as the job does.
        closed: how much likelier (natural logarithm) it ends a sentence than that a comma follows; None when
            the model does not tell.
    """

    text: str
    start_s: float
    end_s: float
    words: tuple[Word, ...] = ()
    language: str = ""
    closed: float | None = None


class Finalized(_Event, frozen=True, tag="finalized"):
    """Answer to `Finalize`: every final for the audio before it has been sent."""

    mark: int


class Voice(_Event, frozen=True, tag="voice"):
    """Voice activity in a stretch of the stream, right after the one told before. Only for jobs that ask.

    It comes before the finals that it leads to, and what follows their pause comes after them.

    Attributes:
        audio_s: where the stretch ends, in seconds of the stream.
        frames: the probability of speech in each of its frames of 32 ms, 0 to 255 for 0 to 1.
    """

    audio_s: float
    frames: bytes


class Ending(_Event, frozen=True, tag="ending"):
    """How a pause that has just begun sounds. Only for jobs that ask, from workers that can tell.

    It comes right after the `Voice` of that place, and no `Voice` of a later place comes before it.

    Attributes:
        audio_s: in seconds of the stream.
        complete: how likely the speaker has finished, 0 to 1.
    """

    audio_s: float
    complete: float


class Heard(_Event, frozen=True, tag="heard"):
    """How far the worker has taken in the stream.

    Attributes:
        audio_s: in seconds; the API server sends a window ahead of it.
        settled_s: before this all is silence or said in finals: no further attempt needs it.
    """

    audio_s: float
    settled_s: float


class Done(_Event, frozen=True, tag="done"):
    """The job is complete.

    Attributes:
        audio_s: seconds spoken or heard.
        processing_s: engine time the job took.
    """

    audio_s: float
    processing_s: float


class Failed(_Event, frozen=True, tag="failed"):
    """The job ended in an error; ``retryable`` when another worker may manage."""

    message: str
    retryable: bool


Event = AudioOut | Timestamps | Partial | Final | Finalized | Voice | Ending | Heard | Done | Failed
