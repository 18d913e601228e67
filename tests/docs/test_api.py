import ast
import inspect
import re
from pathlib import Path
from types import ModuleType
from unittest.mock import Mock

import httpx
import pytest
from starlette.routing import WebSocketRoute

from antiphon import errors
from antiphon.api import forms, infill, server
from antiphon.api.app import ROUTERS, create_app
from antiphon.api.stt import live, thresholds
from antiphon.api.stt import request as stt_request
from antiphon.api.tts import request as tts_request
from antiphon.api.tts import session, streaming
from antiphon.api.tts import websocket as tts_websocket
from antiphon.audio import encodings, formats, joins
from antiphon.errors import AntiphonError
from antiphon.settings import Settings
from antiphon.speech import phrases, retiming
from antiphon.speech.turns import TurnSettings

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
READERS = {
    *("get", "_one", "_flag", "_number"),
    *("flag", "number", "object_of", "text_of", "required_text", "_emotion"),
}
"""What the two modules read fields of a request with; the first string among the arguments is the name."""


def endpoints() -> set[str]:
    """``GET /voices/{id}`` and the like, as the page writes them."""
    found: set[str] = set()
    for route in (route for router in ROUTERS for route in router.routes):
        path = route.path.replace("{name}", "{id}")
        found |= (
            {"WS " + path} if isinstance(route, WebSocketRoute) else {f"{m} {path}" for m in route.methods}
        )
    return found


def fields_read(module: ModuleType) -> set[str]:
    """Names of fields that a module reads, from its code: a field added there has to be told here."""
    tree = ast.parse(inspect.getsource(module))
    read: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in READERS:
                read |= {
                    a.value for a in node.args[:2] if isinstance(a, ast.Constant) and isinstance(a.value, str)
                }
        if isinstance(node, ast.Compare) and getattr(node.left, "id", "") == "name":
            read |= {c.value for c in node.comparators if isinstance(c, ast.Constant)}
        if isinstance(node, ast.For) and getattr(node.target, "id", "") == "ignored":
            read |= {item.value for item in node.iter.elts}
    return read


def spaced(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def codes() -> set[str]:
    kinds = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, AntiphonError)]
    return {k.code for k in kinds if k.code}


def test_the_list_of_endpoints_is_that_of_the_app() -> None:
    listed = re.findall(r"\[`((?:GET|POST|PATCH|DELETE|WS) /\S*)`\]", PAGE.partition("## Connection")[0])
    assert set(listed) == endpoints()
    assert len(listed) == len(endpoints())


@pytest.mark.parametrize("path", sorted({e.partition(" ")[2] for e in endpoints() if not e.startswith("WS")}))
async def test_every_path_has_the_twins_that_the_page_tells_of(path: str) -> None:
    app = create_app(Mock(settings=Settings()))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
        # A path that is there refuses this method; one that is not there is not found.
        twins = [path, f"{path}/", f"/v1{path}", f"/v1{path}/"]
        found = [(await client.request("TRACE", twin)).status_code for twin in twins]
    assert found == ([405, 405, 404, 404] if path == "/" else [405] * 4)


@pytest.mark.parametrize("path", sorted({e.partition(" ")[2] for e in endpoints()}))
def test_every_endpoint_has_a_heading(path: str) -> None:
    headings = "\n".join(line for line in PAGE.splitlines() if line.startswith("#")).lower()
    if path.startswith(("/voices/{id}/accents", "/accents")):
        assert "### accents" in headings
    elif path.startswith("/voices"):
        assert "## voices" in headings
    elif path.startswith("/pronunciation-dicts"):
        assert "## pronunciation dictionaries" in headings
    elif path == "/audio/transcriptions":
        assert "Also as `POST /audio/transcriptions`" in PAGE
    else:
        assert re.search(rf"^## .*{re.escape(path)}\b|^## get {re.escape(path)} ", headings, re.MULTILINE)


def test_the_reading_of_the_code_finds_fields_of_every_kind() -> None:
    assert {"transcript", "speed", "voice", "id", "embedding", "save", "locale"} <= fields_read(tts_request)
    assert {"model", "keyterm", "encoding", "stream", "min_volume"} <= fields_read(stt_request)


@pytest.mark.parametrize("field", sorted(fields_read(tts_request)))
def test_every_field_of_a_request_to_speak_is_told(field: str) -> None:
    section = PAGE.partition("## Text to speech: the request")[2].partition("## POST /tts/bytes")[0]
    assert re.search(rf"[`.\"]{field}[`.\"]", section)


@pytest.mark.parametrize("field", sorted({*fields_read(stt_request), *stt_request._GRANULARITIES}))
def test_every_field_of_a_transcription_is_told(field: str) -> None:
    section = PAGE.partition("## POST /stt")[2].partition("## WS /stt")[0]
    assert f"`{field}`" in section


@pytest.mark.parametrize("setting", thresholds.SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_of_turns_is_told_with_its_range(setting: thresholds.Setting) -> None:
    default = getattr(TurnSettings(), setting.field) * setting.units
    row = f"| `turn_{setting.name}` | `{setting.name}` | {default:g} | {setting.low:g} – {setting.high:g} |"
    assert row in PAGE


@pytest.mark.parametrize(
    "value",
    [
        *formats.SAMPLE_RATES,
        *formats.BIT_RATES,
        *encodings.INPUT_ENCODINGS,
        *tts_request.NAMED_SPEEDS,
        *sorted(codes()),
        f"{tts_request.MIN_SPEED:g} to {tts_request.MAX_SPEED:g}",
        f"{tts_request.MIN_VOLUME:g} to {tts_request.MAX_VOLUME:g}",
        f"0 to {tts_request.MAX_BUFFER_DELAY_MS}, default {tts_request.DEFAULT_BUFFER_DELAY_MS}",
        f"1 to {tts_request.MAX_CONTEXT_ID_CHARS} characters",
        f"{stt_request.SAMPLE_RATES_HZ[0]} to {stt_request.SAMPLE_RATES_HZ[1]}",
        f"up to {stt_request.MAX_KEYTERMS}, together {stt_request.MAX_KEYTERM_CHARACTERS} characters",
        f"brought into {stt_request.MIN_SILENCE_S:g} to {stt_request.MAX_SILENCE_S:g}",
        f"transcript over {spaced(session.MAX_WAITING_CHARS)} characters",
        f"{spaced(session.MAX_WAITING_CHARS)} characters wait in one context",
        f"at most {session.AHEAD_S:g} s of audio ahead",
        f"takes nothing for {streaming.STALLED_S:g} s",
        f"up to {tts_websocket.MAX_CONTEXTS} contexts",
        f"{tts_websocket.IDLE_TIMEOUT_S:g} s without a message from the client",
        f"{live.IDLE_S:g} s without a message",
        f"every {server.PING_EVERY_S:g} s and gives up after {server.PONG_WITHIN_S:g} s without a pong",
        f"{forms.MAX_FIELDS} other fields, of {forms.MAX_FIELD_BYTES // 1024} KiB each",
        f"up to {infill.MAX_TRANSCRIPT_CHARS} characters",
        f"the {infill.NEAR_S} s of each",
        f"a pause of {infill.WORD_GAP_S:g} s, after it one of {infill.WORD_GAP_S:g} s",
        f"{infill.CLAUSE_PAUSE_S:g} s after a comma",
        f"or {infill.SENTENCE_PAUSE_S:g} s after the end of a sentence",
        f"by {joins.MOST_GAIN_DB:g} dB at most",
        f"pauses of {phrases.PAUSE_S:g} s and more",
        f"more than {retiming.STEEPEST:g} times faster or slower",
        f"`max_clip_bytes` ({Settings().max_clip_bytes // 2**20} MiB)",
        f"`max_clip_s` ({Settings().max_clip_s} s)",
        f"`max_message_bytes` ({Settings().max_message_bytes // 2**20} MiB)",
        f"`max_upload_bytes` ({Settings().max_upload_bytes // 2**30} GiB)",
        f"`max_audio_s` ({Settings().max_audio_s // 3600} hours)",
        f"`queue_timeout_s` ({Settings().queue_timeout_s:g} s)",
        f"`queue_size` ({Settings().queue_size})",
        f"`shutdown_grace_s` ({Settings().shutdown_grace_s:g} s)",
    ],
)
def test_every_limit_and_choice_is_told(value: object) -> None:
    assert str(value) in PAGE
