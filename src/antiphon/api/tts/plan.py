"""What a request comes to on this platform: its names resolved."""

from dataclasses import dataclass

from antiphon.api.models import check_language
from antiphon.api.services import Services
from antiphon.api.tts.request import GenerationRequest
from antiphon.audio.formats import OutputFormat
from antiphon.speech.wording import Wording
from antiphon.text.pronunciation import compiled


@dataclass(frozen=True, slots=True)
class Plan:
    """What a context is spoken with, and in which form.

    Attributes:
        model: canonical name.
        voice: what the model calls the voice.
        language: a code the model speaks, as far as its workers are known.
        wording: how its text is put into words.
        ignored: fields that ask for what the voice can't do.
    """

    model: str
    voice: str
    language: str
    output_format: OutputFormat
    word_timestamps: bool
    phoneme_timestamps: bool
    buffer_delay_s: float
    wording: Wording
    ignored: tuple[str, ...] = ()


def make_plan(request: GenerationRequest, services: Services) -> Plan:
    """Resolve the names of a request.

    Raises:
        ModelNotFound, VoiceNotFound, LanguageNotSupported: a name that nothing here stands for.
        NotFound: a pronunciation dictionary that is not there.
    """
    offerings = services.dispatcher.offerings("tts")
    model = services.models.resolve(request.model, "tts", offerings)
    voices = services.voices
    voice = voices.default if request.voice is None else voices.resolve(request.voice)
    language = request.language or voice.language
    check_language(language, model, offerings)
    region = request.locale and request.locale.lower() != voice.locale.lower()
    return Plan(
        model=model,
        voice=voice.key,
        language=language,
        output_format=request.output_format,
        word_timestamps=request.word_timestamps,
        phoneme_timestamps=request.phoneme_timestamps,
        buffer_delay_s=request.buffer_delay_s,
        wording=_wording(request, language, services),
        ignored=(*request.ignored, "locale") if region else request.ignored,
    )


def _wording(request: GenerationRequest, language: str, services: Services) -> Wording:
    pronunciations = None
    if request.dictionary:
        pronunciations = compiled(services.dictionaries.get(request.dictionary).items)
    by = request.normalization
    return Wording(
        language=(request.locale or language) if by in {"auto", "off"} else by,
        normalize=by != "off",
        as_spoken=request.as_spoken,
        pronunciations=pronunciations,
    )
