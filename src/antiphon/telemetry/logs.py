"""Structured logs on stderr: one event a line, for people (``console``) or collectors (``json``).

The rule: what users said or will hear, and what authenticates them, is never logged. Code keeps to it by not
passing such values; `drop_private` is the belt to these braces.
"""

import logging
import sys
from collections.abc import Mapping
from typing import Any, Literal, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

PRIVATE_KEYS = frozenset(
    {
        "access_token",
        "api_key",
        "audio",
        "authorization",
        "body",
        "cookie",
        "data",
        "headers",
        "key",
        "password",
        "payload",
        "prompt",
        "query_string",
        "samples",
        "secret",
        "text",
        "token",
        "transcript",
        "transcription",
        "utterance",
        "word",
        "words",
        "x-api-key",
    }
)
"""Keys whose values are dropped from every log line, at any depth, whatever their case."""


def configure_logging(
    level: Literal["debug", "info", "warning", "error"], log_format: Literal["console", "json"]
) -> None:
    """Send this process's logs, and the warnings of libraries, to stderr.

    Args:
        level: least severity shown of our own; libraries never show less than warnings, for at the lower
            levels they print URLs and frames, and with them keys and transcripts.
        log_format: ``console`` or ``json``.
    """
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        drop_private,
    ]
    rendering = _rendering(log_format)
    severity = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*common, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(severity),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=common,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(severity, logging.WARNING), force=True)


def get_logger(component: str) -> FilteringBoundLogger:
    """A logger whose lines carry ``component``, such as ``engine`` or ``api.tts``."""
    return cast("FilteringBoundLogger", structlog.get_logger(component=component))


def drop_private(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A structlog processor that drops `PRIVATE_KEYS` and values that are raw bytes."""
    return _without_private(event)


def _without_private(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _without_private(cast("Mapping[str, Any]", value)) if isinstance(value, Mapping) else value
        for key, value in mapping.items()
        if key.lower() not in PRIVATE_KEYS and not isinstance(value, bytes | bytearray | memoryview)
    }


def _rendering(log_format: Literal["console", "json"]) -> list[Processor]:
    if log_format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    # The default formatter of exceptions prints local variables, transcripts among them.
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    ]
