"""A transcript in the forms of OpenAI's ``response_format``.

Source: https://platform.openai.com/docs/api-reference/audio/json-object and its neighbours. Segments are what
would be a subtitle (`antiphon.speech.subtitles`).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from antiphon.api.stt.files import HeardFile
from antiphon.api.stt.words import word_fields
from antiphon.contract.events import Final
from antiphon.speech.subtitlefiles import srt, vtt
from antiphon.speech.subtitles import Cue, cut, shown, spread

Format = Literal["json", "text", "srt", "verbose_json", "vtt", "diarized_json"]
Granularity = Literal["word", "segment"]

SPEAKER = "A"
"""OpenAI's name of the first speaker. Speakers are not told apart here: it is that of all."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """A file that was heard, and what a client wants to know of it.

    Attributes:
        task: what was asked for; both give the same, as nothing here translates.
        granularities: of the times it wants, where it has the choice.
    """

    heard: HeardFile
    language: str
    request_id: str
    task: Literal["transcribe", "translate"]
    granularities: frozenset[Granularity]

    @property
    def words(self) -> list[dict[str, Any]]:
        """All words with their times."""
        return [fields for final in self.heard.finals for fields in word_fields(final.words)]


def needs_words(form: Format, granularities: Collection[Granularity]) -> bool:
    """Whether words need times: they are asked for, or segments are cut by them."""
    return form not in ("json", "text") or bool(granularities)


def json_fields(transcript: Transcript) -> dict[str, Any]:
    """``json``: the text, and beside it what Cartesia's clients read at the same path."""
    heard = transcript.heard
    fields: dict[str, Any] = {
        "text": heard.text,
        "usage": duration_usage(heard),
        "type": "transcript",
        "request_id": transcript.request_id,
        "language": transcript.language,
        "duration": round(heard.duration_s, 3),
        "is_final": True,
    }
    if "word" in transcript.granularities:
        fields["words"] = transcript.words
    return fields


def verbose_fields(transcript: Transcript) -> dict[str, Any]:
    """``verbose_json``: segments unless words alone were asked for."""
    heard = transcript.heard
    fields: dict[str, Any] = {
        "task": transcript.task,
        "language": transcript.language,
        "duration": round(heard.duration_s, 3),
        "text": heard.text,
        "usage": duration_usage(heard),
    }
    if "word" in transcript.granularities:
        fields["words"] = transcript.words
    if "segment" in transcript.granularities or not transcript.granularities:
        fields["segments"] = [
            {
                "id": index,
                "seek": 0,
                "start": round(segment.start_s, 3),
                "end": round(segment.end_s, 3),
                "text": segment.text,
                # What the recogniser does not tell, as Whisper has it for text that it is sure of.
                "tokens": [],
                "temperature": 0.0,
                "avg_logprob": 0.0,
                "compression_ratio": 1.0,
                "no_speech_prob": 0.0,
            }
            for index, segment in enumerate(segments(heard.finals))
        ]
    return fields


def diarized_fields(transcript: Transcript) -> dict[str, Any]:
    """``diarized_json``: every segment by `SPEAKER`."""
    heard = transcript.heard
    return {
        "task": transcript.task,
        "duration": round(heard.duration_s, 3),
        "text": heard.text,
        "segments": [segment_event(segment, index) for index, segment in enumerate(segments(heard.finals))],
        "usage": duration_usage(heard),
    }


def segment_event(segment: Cue, index: int) -> dict[str, Any]:
    """A segment with its speaker, in ``diarized_json`` and as an event of a stream."""
    return {
        "type": "transcript.text.segment",
        "id": f"seg_{index}",
        "start": round(segment.start_s, 3),
        "end": round(segment.end_s, 3),
        "speaker": SPEAKER,
        "text": segment.text,
    }


def subtitles(transcript: Transcript, form: Literal["srt", "vtt"]) -> str:
    """``srt`` and ``vtt``: a file of subtitles."""
    cues = shown(segments(transcript.heard.finals))
    return srt(cues) if form == "srt" else vtt(cues)


def segments(finals: Iterable[Final]) -> list[Cue]:
    """What was said, in sentences or parts of them; the finals follow each other."""
    return cut(
        word for final in finals for word in final.words or spread(final.text, final.start_s, final.end_s)
    )


def duration_usage(heard: HeardFile) -> dict[str, Any]:
    """The ``usage`` of what is counted in seconds."""
    return {"type": "duration", "seconds": round(heard.duration_s, 3)}
