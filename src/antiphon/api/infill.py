"""``POST /infill/bytes``: speech to stand between two recordings, fitted to them."""

import asyncio
from collections import deque
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any, BinaryIO

import numpy as np
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from antiphon.api.auth import EditingGrant
from antiphon.api.forms import nested, receive_form
from antiphon.api.ignored import ignored_header
from antiphon.api.services import ServicesDep
from antiphon.api.stt import files
from antiphon.api.stt.together import while_connected
from antiphon.api.tts.whole import Speaker
from antiphon.api.versions import version_of
from antiphon.audio.containers import make_encoder
from antiphon.audio.formats import OutputFormat
from antiphon.audio.joins import Surroundings, fit_between
from antiphon.audio.samples import SILENCE, Samples
from antiphon.errors import BadRequest, FileTooLarge, UnsupportedAudio

MAX_TRANSCRIPT_CHARS = 2000
"""All of the speech is made before its first sample can be sent: some two minutes."""

NEAR_S = 15
"""So much of each recording, next to the join, tells what the speech is fitted to."""

WORD_GAP_S = 0.06
CLAUSE_PAUSE_S = 0.2
SENTENCE_PAUSE_S = 0.4
"""Pauses before and after the speech; what of them the recordings hold is not added."""

_CLAUSE_ENDS = ",;:–—"
_SENTENCE_ENDS = ".?!…"
_CLOSERS = "\"'”’)"

router = APIRouter()


@router.post("/infill/bytes")
async def infill(request: Request, services: ServicesDep, grant: EditingGrant) -> Response:
    """Speak a text so that it can stand between recordings, or next to one; only the new speech is sent."""
    with services.lifetime.running(), services.limits.using("TTS contexts", grant.key_id):
        form = await receive_form(request, ["left_audio", "right_audio"], services.settings.max_clip_bytes)
        with form.open() as opened:
            fields = nested(form.fields)
            output_format = OutputFormat.parse(fields.get("output_format"))
            asked = _speech(fields)
            if not opened:
                raise BadRequest(
                    "left_audio and right_audio are missing; send at least one of them as a file part."
                )
            most_s = services.settings.max_clip_s
            around = await _surroundings(opened, asked["transcript"], output_format.sample_rate, most_s)
        speaker = Speaker(
            services,
            tenant=grant.key_id,
            version=version_of(request),
            sample_rate=output_format.sample_rate,
        )
        spoken = await while_connected(request, speaker.speak(asked))
        content = await asyncio.to_thread(_render, spoken.samples, around, output_format)
    headers = ignored_header(spoken.ignored)
    return Response(content, headers=headers, media_type=output_format.content_type)


def _speech(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The request to speak that the form holds; what is wrong in its other fields, speaking will tell.

    Raises:
        BadRequest: no voice.
        FileTooLarge: too long a transcript.
    """
    if not isinstance(voice := fields.get("voice_id"), str):
        raise BadRequest("voice_id is missing; it must be the id of the voice that is to speak.")
    transcript = fields.get("transcript", "")
    if len(transcript) > MAX_TRANSCRIPT_CHARS:
        raise FileTooLarge(
            f"The transcript of an infill may have {MAX_TRANSCRIPT_CHARS} characters; send it in parts."
        )
    return {
        "model_id": fields.get("model_id"),
        "language": fields.get("language"),
        "transcript": transcript,
        "voice": {"id": voice},
    }


async def _surroundings(
    opened: Mapping[str, BinaryIO], transcript: str, sample_rate: int, most_s: int
) -> Surroundings:
    return Surroundings(
        left=await _near(opened, "left_audio", sample_rate, most_s),
        right=await _near(opened, "right_audio", sample_rate, None),
        pause_before_s=WORD_GAP_S,
        pause_after_s=_pause_after(transcript),
        sample_rate=sample_rate,
    )


async def _near(opened: Mapping[str, BinaryIO], name: str, sample_rate: int, most_s: int | None) -> Samples:
    """What of a recording is next to the join: its end, where it may last ``most_s``, else its beginning.

    Raises:
        FileTooLarge, UnsupportedAudio: naming the file.
    """
    if name not in opened:
        return SILENCE
    kept: deque[Samples] = deque(maxlen=NEAR_S + 1)
    try:
        async with aclosing(files.decode(opened[name], None, most_s, rate=sample_rate)) as blocks:
            async for block in blocks:
                kept.append(block)
                if most_s is None and len(kept) == NEAR_S:
                    break
    except (FileTooLarge, UnsupportedAudio) as error:
        raise type(error)(f"{name}: {error.message}") from None
    return np.concatenate(kept)


def _pause_after(transcript: str) -> float:
    end = transcript.rstrip().rstrip(_CLOSERS)[-1:]
    if end and end in _SENTENCE_ENDS:
        return SENTENCE_PAUSE_S
    return CLAUSE_PAUSE_S if end and end in _CLAUSE_ENDS else WORD_GAP_S


def _render(speech: Samples, around: Surroundings, output_format: OutputFormat) -> bytes:
    encoder = make_encoder(output_format, around.sample_rate)
    return encoder.push(fit_between(speech, around)) + encoder.finish()
