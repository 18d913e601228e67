import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from antiphon.telemetry.logs import PRIVATE_KEYS, configure_logging, drop_private, get_logger


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    get_logger("engine").info("step", rows=3)
    out, err = capsys.readouterr()
    line = json.loads(err)
    assert out == ""
    assert (line["event"], line["component"], line["level"], line["rows"]) == ("step", "engine", "info", 3)
    assert line["timestamp"].endswith("Z")


def test_lines_below_the_level_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("warning", "json")
    get_logger("engine").info("step")
    get_logger("engine").warning("slow")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["slow"]


def test_libraries_get_the_same_format_but_only_from_warnings_up(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("debug", "json")
    logging.getLogger("websockets").debug("> TEXT 'a transcript'")
    logging.getLogger("nats").warning("slow consumer")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["slow consumer"]


@pytest.mark.parametrize("log_format", ["console", "json"])
@pytest.mark.parametrize("key", sorted(PRIVATE_KEYS))
def test_private_values_never_come_out(key: str, log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", log_format)  # type: ignore[arg-type]
    get_logger("api").info("request", **{key: "hush", "nested": {key.upper(): "hush", "n": 1}})
    err = capsys.readouterr().err
    assert "request" in err
    assert "hush" not in err


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_traceback_shows_no_local_variables(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", log_format)  # type: ignore[arg-type]
    transcript = "hush"
    try:
        transcript.index("!")
    except ValueError:
        get_logger("api").exception("failed")
    err = capsys.readouterr().err
    assert "ValueError: substring not found" in err
    assert "hush" not in err


KEYS = st.sampled_from(sorted(PRIVATE_KEYS)) | st.text(max_size=5)
EVENTS = st.dictionaries(
    KEYS,
    st.recursive(st.integers() | st.binary(), lambda inner: st.dictionaries(KEYS, inner, max_size=3)),
    max_size=5,
)


@given(EVENTS)
def test_dropping_leaves_no_private_key_at_any_depth_and_all_others(event: dict[str, object]) -> None:
    def check(before: dict[str, object], after: dict[str, object]) -> None:
        kept = {
            key
            for key, value in before.items()
            if key.lower() not in PRIVATE_KEYS and not isinstance(value, bytes)
        }
        assert after.keys() == kept
        for key in kept:
            if isinstance(before[key], dict):
                check(before[key], after[key])  # type: ignore[arg-type]
            else:
                assert after[key] == before[key]

    check(event, dict(drop_private(None, "info", dict(event))))
