"""What a request comes to on this platform: its names resolved."""

from dataclasses import dataclass

from antiphon.api.models import check_language
from antiphon.api.services import Services
from antiphon.api.tts.request import GenerationRequest
from antiphon.audio.formats import OutputFormat


@dataclass(frozen=True, slots=True)
class Plan:
    """What a context is spoken with, and in which form.

    Attributes:
        model: canonical name.
        voice: what the model calls the voice.
        language: a code the model speaks, as far as its workers are known.
    """

    model: str
    voice: str
    language: str
    output_format: OutputFormat
    word_timestamps: bool
    phoneme_timestamps: bool
    buffer_delay_s: float


def make_plan(request: GenerationRequest, services: Services) -> Plan:
    """Resolve the names of a request.

    Raises:
        ModelNotFound, VoiceNotFound, LanguageNotSupported: a name that nothing here stands for.
    """
    offerings = services.dispatcher.offerings("tts")
    model = services.models.resolve(request.model, "tts", offerings)
    voices = services.voices
    voice = voices.default if request.voice is None else voices.resolve(request.voice)
    language = request.language or voice.language
    check_language(language, model, offerings)
    return Plan(
        model=model,
        voice=voice.key,
        language=language,
        output_format=request.output_format,
        word_timestamps=request.word_timestamps,
        phoneme_timestamps=request.phoneme_timestamps,
        buffer_delay_s=request.buffer_delay_s,
    )
