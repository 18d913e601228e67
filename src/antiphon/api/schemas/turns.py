"""The socket that says who has the floor."""

from antiphon.api.schemas.common import INPUT_ENCODING, REQUEST_ID
from antiphon.api.schemas.hearing import AUDIO_FRAMES, KEYTERM, MODEL, SAMPLE_RATE
from antiphon.api.schemas.operations import Message, Socket
from antiphon.api.schemas.shapes import Schema, constant, named, number, record, text
from antiphon.api.stt.live import IDLE_S
from antiphon.api.stt.thresholds import SETTINGS
from antiphon.speech.turns import TurnSettings

_ABOUT = {
    "start_threshold": "A turn begins, or goes on, when speech is this likely.",
    "eager_end_threshold": "Below this likelihood the turn may be over.",
    "end_threshold": "Below this one it is.",
    "end_timeout_ms": "It is over after a silence this long in any case.",
}
_DEFAULTS = TurnSettings()


def _settings(prefix: str) -> dict[str, Schema]:
    return {
        prefix + setting.name: number(
            _ABOUT[setting.name],
            minimum=setting.low,
            maximum=setting.high,
            default=getattr(_DEFAULTS, setting.field) * setting.units,
        )
        for setting in SETTINGS
    }


def _event(kind: str, about: str, **more: Schema) -> Schema:
    return record({"type": constant(kind), "request_id": REQUEST_ID, **more}, description=about)


_TRANSCRIPT = text("All that was said in the turn so far. It only grows; those of turns join as they are.")

SCHEMAS: dict[str, Schema] = {
    "TurnConfig": record(
        {"type": constant("config")},
        {"turn": record({}, _settings(""))},
        description="Settings that hold for the audio sent after it; those it does not name stay.",
    ),
    "TurnClose": record({"type": constant("close")}),
    "TurnConnected": _event("connected", "The settings are right, and audio is heard."),
    "TurnStart": _event("turn.start", "Somebody began to speak."),
    "TurnUpdate": _event("turn.update", "More was said.", transcript=_TRANSCRIPT),
    "TurnEagerEnd": _event("turn.eager_end", "The turn may have ended.", transcript=_TRANSCRIPT),
    "TurnResume": _event("turn.resume", "It had not."),
    "TurnEnd": _event("turn.end", "The turn has ended.", transcript=_TRANSCRIPT),
}

SOCKETS: dict[str, Socket] = {
    "/stt/turns/websocket": Socket(
        id="turns",
        title="Speech to text by turns",
        description="One socket is one stream; the server says when a turn begins and ends. The thresholds "
        "must fall from start over eager end to end. After `close` the turn that is open ends, and the "
        f"server closes the socket; so it does after {IDLE_S:g} s without a message.",
        query=record(
            {"model": MODEL, "encoding": INPUT_ENCODING, "sample_rate": SAMPLE_RATE},
            {"keyterm": KEYTERM, **_settings("turn_")},
        ),
        from_client=(
            Message("audio", "Audio.", AUDIO_FRAMES, "application/octet-stream"),
            Message(
                "config",
                "Changes settings.",
                named("TurnConfig"),
                examples=({"type": "config", "turn": {"end_timeout_ms": 2000}},),
            ),
            Message("close", "The end.", named("TurnClose"), examples=({"type": "close"},)),
        ),
        from_server=(
            Message("connected", "The first message.", named("TurnConnected")),
            Message("turn.start", "A turn begins.", named("TurnStart")),
            Message("turn.update", "More of it is heard.", named("TurnUpdate")),
            Message("turn.eager_end", "It may be over.", named("TurnEagerEnd")),
            Message("turn.resume", "It goes on.", named("TurnResume")),
            Message("turn.end", "It is over.", named("TurnEnd")),
            Message("error", "A message was wrong, or the stream ended badly.", named("ErrorEvent")),
        ),
    ),
}
