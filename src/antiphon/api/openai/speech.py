"""``POST /v1/audio/speech``: text in, speech out as it is made, in the terms of OpenAI's API.

Source: https://platform.openai.com/docs/api-reference/audio/createSpeech.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pybase64
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from antiphon.api import errors, versions
from antiphon.api.auth import TTSGrant
from antiphon.api.bodies import read_object
from antiphon.api.envelope import request_id_of
from antiphon.api.ignored import ignored_header
from antiphon.api.openai.errors import error_fields
from antiphon.api.openai.events import SPOKEN_TOKENS_PER_S, data_event, text_tokens, token_usage
from antiphon.api.openai.requests import SpeechRequest, parse_speech
from antiphon.api.openai.voices import find_voice
from antiphon.api.services import Services, ServicesDep
from antiphon.api.tts import streaming
from antiphon.api.tts.output import Chunk, Output, Words
from antiphon.api.tts.plan import make_plan
from antiphon.api.tts.request import parse_request
from antiphon.api.tts.session import Session

router = APIRouter()


@router.post("/v1/audio/speech")
async def speak(request: Request, services: ServicesDep, grant: TTSGrant) -> Response:
    """Speak a text; a failure before the first audio is an HTTP error."""
    asked = parse_speech(await read_object(request, services.settings.max_message_bytes))
    generation = parse_request(_in_our_terms(asked, services), version=versions.UNKNOWN, raw_only=False)
    plan = replace(make_plan(generation, services), output_format=asked.output_format)
    session = Session(plan, services.dispatcher, grant.key_id)
    session.push(generation.input)
    outputs = _outputs(session, services, grant.key_id)
    if asked.stream_format == "sse":
        events = _events(outputs, asked.text, request_id_of(request))
        response = await streaming.begin(events, "text/event-stream")
    else:
        content_type = (
            "audio/pcm" if asked.output_format.container == "raw" else plan.output_format.content_type
        )
        response = await streaming.begin(_audio(outputs), content_type)
    response.headers.update(ignored_header([*session.ignored, *asked.ignored]))
    return response


def _in_our_terms(asked: SpeechRequest, services: Services) -> dict[str, Any]:
    """The request as the fields of ``POST /tts/bytes``, which say everything but the container."""
    voice = services.voices.default if asked.voice is None else find_voice(asked.voice, services.voices)
    return {
        "model_id": asked.model or services.settings.tts_model,
        "transcript": asked.text,
        "voice": {"id": voice.id},
        "output_format": {
            "container": "raw",
            "encoding": "pcm_s16le",
            "sample_rate": asked.output_format.sample_rate,
        },
        "generation_config": {"speed": asked.speed, "volume": asked.volume},
        "add_timestamps": True,  # the end of the last word is the length of the speech, for the usage
    }


async def _outputs(session: Session, services: Services, key_id: str) -> AsyncGenerator[Output]:
    with services.lifetime.running(), services.limits.using("TTS contexts", key_id):
        async with aclosing(session.outputs()) as outputs:
            async for output in outputs:
                yield output


async def _audio(outputs: AsyncGenerator[Output]) -> AsyncGenerator[bytes]:
    async with aclosing(outputs):
        async for output in outputs:
            if isinstance(output, Chunk):
                yield output.data


async def _events(outputs: AsyncGenerator[Output], text: str, request_id: str) -> AsyncGenerator[bytes]:
    begun, spoken_s = False, 0.0
    async with aclosing(outputs):
        try:
            async for output in outputs:
                match output:
                    case Chunk():
                        audio = pybase64.b64encode_as_string(output.data)
                        yield data_event({"type": "speech.audio.delta", "audio": audio})
                        begun = True
                    case Words():
                        spoken_s = output.words[-1].end_s
                    case _:
                        pass
        except Exception as error:
            if not begun:
                raise
            told = errors.report(error, request_id=request_id)
            yield data_event({"type": "error", "error": error_fields(told)})
            return
    usage = token_usage(text_tokens(text), round(spoken_s * SPOKEN_TOKENS_PER_S))
    yield data_event({"type": "speech.audio.done", "usage": usage})
