import json

import pytest

from antiphon.api.tts.messages import socket_message, stream_event
from antiphon.api.tts.output import Chunk
from antiphon.speech.context import End, FlushDone

EARLY = pytest.mark.parametrize("version", ["2024-06-10", "2024-11-13"])
LATER = pytest.mark.parametrize("version", ["", "2025-04-16", "2026-08-14"])


def data_of(event: bytes) -> dict[str, object]:
    return json.loads(event.split(b"data: ")[1])


@EARLY
def test_early_sdks_count_flushes_from_0(version: str) -> None:
    ids = [
        json.loads(socket_message(output, "c", version))["flush_id"]
        for output in (Chunk(b"", 1.0, 1), FlushDone(1), Chunk(b"", 1.0, 2))
    ]
    assert ids == [0, 0, 1]


@LATER
def test_later_ones_count_them_from_1(version: str) -> None:
    ids = [
        json.loads(socket_message(o, "c", version))["flush_id"] for o in (Chunk(b"", 1.0, 1), FlushDone(1))
    ]
    assert ids == [1, 1]


@EARLY
def test_the_last_event_for_early_sdks_is_one_that_they_pass_over(version: str) -> None:
    assert data_of(stream_event(End(), None, version)) == {"type": "done", "done": True}


@LATER
def test_the_last_event_for_later_ones_tells_its_status(version: str) -> None:
    assert data_of(stream_event(End(), "c", version)) == {
        "type": "done",
        "done": True,
        "status_code": 200,
        "context_id": "c",
    }
