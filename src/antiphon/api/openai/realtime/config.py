"""The settings of a realtime session: read from every shape that clients send, told in all of them.

Sources: https://platform.openai.com/docs/api-reference/realtime-client-events/session/update
(``session.audio.input.…``), and its form before the API was general (``input_audio_format`` and so on, flat
in the session), which older clients and those of Speaches send.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from antiphon.api.openai.errors import WrongField
from antiphon.api.stt.request import MAX_SILENCE_S, SAMPLE_RATES_HZ, RawFormat, language_asked
from antiphon.api.stt.turns import HESITATION_S, PAUSE_S
from antiphon.speech.turns import TurnSettings

AudioType = Literal["audio/pcm", "audio/pcmu", "audio/pcma"]

PCM_RATE_HZ = 24_000
TELEPHONE_RATE_HZ = 8_000
DEFAULT_SILENCE_MS = 500

_ENCODINGS: Mapping[AudioType, str] = {
    "audio/pcm": "pcm_s16le",
    "audio/pcmu": "pcm_mulaw",
    "audio/pcma": "pcm_alaw",
}
OLD_NAMES: Mapping[AudioType, str] = {
    "audio/pcm": "pcm16",
    "audio/pcmu": "g711_ulaw",
    "audio/pcma": "g711_alaw",
}

EAGERNESS: Mapping[str, TurnSettings] = {
    "low": TurnSettings(end=0.1, end_timeout_s=8.0),
    "medium": TurnSettings(end=0.2, end_timeout_s=4.0),
    "auto": TurnSettings(end=0.2, end_timeout_s=4.0),
    "high": TurnSettings(end=0.4, end_timeout_s=2.0),
}
"""How unlikely the speaker must be to go on, for each eagerness of ``semantic_vad``; its longest silences are
OpenAI's."""

COMMITTED_PAUSE_S = 2.0
"""Where the client ends the turns, pauses only divide what is recognised at once, as in a file."""


@dataclass(frozen=True, slots=True)
class TurnDetection:
    """How the server finds the ends of turns.

    Attributes:
        fields: as the client gave them, to be told back.
        pause_s: a pause this long ends an utterance.
        judged: when a speaker has finished, by all that is known of a pause; None: every utterance is a turn.
    """

    fields: Mapping[str, Any]
    pause_s: float
    judged: TurnSettings | None = None


DEFAULT_TURNS = TurnDetection(
    {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": DEFAULT_SILENCE_MS,
    },
    DEFAULT_SILENCE_MS / 1000,
)


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """The settings of a session.

    Attributes:
        model: as the client named it.
        language: primary language of the tag that the client gave; empty: to be found out.
        prompt: kept and told back, without effect.
        audio_type, rate: of the audio; the rate in Hz.
        turns: None where the client ends the turns itself.
        noise_reduction: kept and told back, without effect.
    """

    model: str
    language: str = ""
    prompt: str = ""
    audio_type: AudioType = "audio/pcm"
    rate: int = PCM_RATE_HZ
    turns: TurnDetection | None = DEFAULT_TURNS
    noise_reduction: Mapping[str, Any] | None = None

    @property
    def raw(self) -> RawFormat:
        """The form of the samples."""
        return RawFormat(_ENCODINGS[self.audio_type], self.rate)

    @property
    def pause_s(self) -> float:
        """A pause this long ends an utterance."""
        return COMMITTED_PAUSE_S if self.turns is None else self.turns.pause_s

    @property
    def hesitation_s(self) -> float:
        """A pause this long ends one where the speaker does not sound finished; 0: nobody listens for it."""
        return HESITATION_S if self.turns and self.turns.judged else 0.0

    def updated(self, session: Mapping[str, Any]) -> "SessionConfig":
        """These settings with those of an update in the place of theirs; what it does not name stays.

        Raises:
            WrongField: naming the field, what it is and what it must be.
        """
        if session.get("type", "transcription") != "transcription":
            raise WrongField("session.type", "must be `transcription`; there is no speech-to-speech here.")
        given = _in_one_shape(session)
        config = self
        if "format" in given:
            config = _with_format(config, given["format"])
        if given.get("transcription") is not None:
            config = _with_transcription(config, _object(given["transcription"], "transcription"))
        if "turn_detection" in given:
            config = replace(config, turns=_turn_detection(given["turn_detection"]))
        if "noise_reduction" in given:
            reduction = given["noise_reduction"]
            fields = None if reduction is None else _object(reduction, "noise_reduction")
            config = replace(config, noise_reduction=fields)
        return config

    def fields(self, session_id: str) -> dict[str, Any]:
        """The session as every client looks for it: nested, and flat as it was before."""
        form: dict[str, Any] = {"type": self.audio_type}
        if self.audio_type == "audio/pcm":
            form["rate"] = self.rate
        transcription = {"model": self.model, "language": self.language or None, "prompt": self.prompt}
        turns = None if self.turns is None else dict(self.turns.fields)
        return {
            "id": session_id,
            "object": "realtime.transcription_session",
            "type": "transcription",
            "audio": {
                "input": {
                    "format": form,
                    "transcription": transcription,
                    "noise_reduction": self.noise_reduction,
                    "turn_detection": turns,
                }
            },
            "input_audio_format": OLD_NAMES[self.audio_type],
            "input_audio_transcription": transcription,
            "input_audio_noise_reduction": self.noise_reduction,
            "turn_detection": turns,
            "include": [],
        }


def _in_one_shape(session: Mapping[str, Any]) -> dict[str, Any]:
    """What an update names, by the names it has in ``session.audio.input``."""
    flat = {
        "format": "input_audio_format",
        "transcription": "input_audio_transcription",
        "noise_reduction": "input_audio_noise_reduction",
        "turn_detection": "turn_detection",
    }
    given = {name: session[old] for name, old in flat.items() if old in session}
    audio = session.get("audio")
    if audio is None:
        return given
    if not isinstance(audio, dict):
        raise WrongField("session.audio", "must be an object.")
    nested = cast("dict[str, Any]", audio).get("input")
    return given if nested is None else {**given, **_object(nested, "")}


def _with_format(config: SessionConfig, value: object) -> SessionConfig:
    if value is None:
        return replace(config, audio_type="audio/pcm", rate=PCM_RATE_HZ)
    fields: Mapping[str, Any] = {"type": value} if isinstance(value, str) else _object(value, "format")
    for kind, old_name in OLD_NAMES.items():
        if fields.get("type", "audio/pcm") in (kind, old_name):
            rate = TELEPHONE_RATE_HZ if kind != "audio/pcm" else _rate(fields.get("rate"))
            return replace(config, audio_type=kind, rate=rate)
    raise _wrong("format.type", f"must be one of {', '.join(OLD_NAMES)}.")


def _rate(value: object) -> int:
    lowest, highest = SAMPLE_RATES_HZ
    if value is None:
        return PCM_RATE_HZ
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        raise _wrong("format.rate", f"must be a whole number from {lowest} to {highest} (Hz).")
    return value


def _with_transcription(config: SessionConfig, fields: Mapping[str, Any]) -> SessionConfig:
    texts: dict[str, str] = {}
    for name in ("model", "language", "prompt"):
        value = fields.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            raise _wrong(f"transcription.{name}", "must be a string.")
        texts[name] = value
    return replace(
        config,
        model=texts.get("model") or config.model,
        language=language_asked(texts["language"]) if texts.get("language") else config.language,
        prompt=texts.get("prompt", config.prompt),
    )


def _turn_detection(value: object) -> TurnDetection | None:
    if value is None:
        return None
    fields = _object(value, "turn_detection")
    match fields.get("type", "server_vad"):
        case "server_vad":
            return TurnDetection({**DEFAULT_TURNS.fields, **fields}, _silence_s(fields))
        case "semantic_vad":
            eagerness = fields.get("eagerness") or "auto"
            if not isinstance(eagerness, str) or eagerness not in EAGERNESS:
                raise _wrong("turn_detection.eagerness", f"must be one of {', '.join(EAGERNESS)}.")
            return TurnDetection({**fields, "eagerness": eagerness}, PAUSE_S, EAGERNESS[eagerness])
        case _:
            raise _wrong("turn_detection.type", "must be server_vad or semantic_vad.")


def _silence_s(fields: Mapping[str, Any]) -> float:
    value = fields.get("silence_duration_ms")
    if value is None:
        return DEFAULT_SILENCE_MS / 1000
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MAX_SILENCE_S * 1000:
        raise _wrong(
            "turn_detection.silence_duration_ms", f"must be above 0 and at most {MAX_SILENCE_S * 1000:g}."
        )
    return value / 1000


def _object(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(name, "must be an object.")
    return cast("dict[str, Any]", value)


def _wrong(name: str, problem: str) -> WrongField:
    return WrongField(f"session.audio.input.{name}".rstrip("."), problem)
