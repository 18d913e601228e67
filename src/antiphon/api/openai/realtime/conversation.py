"""One realtime transcription session, as a state machine without I/O.

Source: https://platform.openai.com/docs/guides/realtime-transcription. A session is a row of items, each a
stretch of audio and its transcript. With turn detection an item is what was said in a turn; without, it is
what the client sent between two commits. An item's events come in this order: ``speech_started`` and
``speech_stopped`` (with turn detection), ``committed``, and ``completed`` or ``failed``, with ``delta``
between the first and the last of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pybase64

from antiphon.api.openai.errors import WrongField, error_fields
from antiphon.api.openai.realtime.config import SessionConfig
from antiphon.api.openai.realtime.ends import TurnEnds
from antiphon.api.openai.realtime.onset import Onset
from antiphon.audio.encodings import bytes_per_sample
from antiphon.contract.events import Done, Ending, Final, Finalized, Partial, Voice
from antiphon.errors import AntiphonError, BadRequest
from antiphon.speech.growing import GrowingText


class EmptyBuffer(BadRequest):
    """A commit of no audio."""

    code = "input_audio_buffer_commit_empty"


@dataclass(frozen=True, slots=True)
class Say:
    """Send this event; it still needs an ``event_id``."""

    event: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Open:
    """Have the audio that follows recognised, with these settings."""

    config: SessionConfig


@dataclass(frozen=True, slots=True)
class Feed:
    """Audio for the recognition that is open."""

    audio: bytes


@dataclass(frozen=True, slots=True)
class Finish:
    """No audio follows: hear the rest (`Conversation.heard`), up to `Done`, before anything else is done."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Stop the recognition that is open; nothing of it is wanted."""


Step = Say | Open | Feed | Finish | Drop


@dataclass(slots=True)
class _Item:
    """What is known of the open item.

    Attributes:
        start_s, end_s: in seconds of the session, as far as it was heard.
        shown: what its deltas come to; it may differ from the text in words that were revised.
        shown_s: up to where that was heard, in seconds of the recognition.
        text: the finals of it.
        committed: its audio is complete.
    """

    id: str
    start_s: float
    end_s: float = 0.0
    shown: GrowingText = field(default_factory=GrowingText)
    shown_s: float = 0.0
    text: str = ""
    committed: bool = False


class Conversation:
    """Turns a client's messages into steps, and what was recognised into events for the client.

    Args:
        config: settings of the session.
        session_id: names it.
        check: raises for settings that can't be served.
        new_id: makes the id of an item.
    """

    def __init__(
        self,
        config: SessionConfig,
        session_id: str,
        *,
        check: Callable[[SessionConfig], object],
        new_id: Callable[[], str],
    ) -> None:
        self._config = config
        self._session_id = session_id
        self._check = check
        self._new_id = new_id
        self._received_s = 0.0  # audio of the session
        self._open: SessionConfig | None = None  # what the open recognition was opened with
        self._opened_s = 0.0
        self._item: _Item | None = None
        self._previous: str | None = None
        self._onset = Onset(config.pause_s)
        self._ends = TurnEnds(None)

    def created(self, kind: str) -> Say:
        """The first event; ``kind`` is its type."""
        return Say({"type": kind, "session": self._config.fields(self._session_id)})

    def receive(self, message: Mapping[str, Any]) -> list[Step]:
        """Take a message of the client.

        Raises:
            RequestError: it is wrong, or asks for what there is not; nothing has changed then.
        """
        match message.get("type"):
            case "session.update":
                return self._update(message, "session.updated")
            case "transcription_session.update":
                return self._update(message, "transcription_session.updated")
            case "input_audio_buffer.append":
                return self._append(message)
            case "input_audio_buffer.commit":
                return self._commit()
            case "input_audio_buffer.clear":
                return self._clear()
            case _:
                raise WrongField(
                    "type",
                    "is not one of session.update, input_audio_buffer.append, input_audio_buffer.commit and "
                    "input_audio_buffer.clear, which a transcription session takes.",
                )

    def heard(self, event: Partial | Final | Finalized | Voice | Ending | Done) -> list[Say]:
        """Take what was recognised of the audio since `Open`."""
        match event:
            case Voice():
                return self._voice(event, over=self._over(event))
            case Partial():
                self._ends.over(event)
                return self._partial(event)
            case Final():
                return self._final(event, over=self._over(event))
            case Ending():
                self._ends.over(event)
                return []
            case Done():
                self._open = None
                return self._complete(self._received_s)
            case Finalized():
                return []

    def failed(self, error: AntiphonError) -> list[Say]:
        """The recognition ended in an error, and with it the open item."""
        item, self._item, self._open = self._item, None, None
        if item is None:
            return []
        return [
            Say(
                {
                    "type": "conversation.item.input_audio_transcription.failed",
                    "item_id": item.id,
                    "content_index": 0,
                    "error": error_fields(error),
                }
            )
        ]

    # -- the client's messages

    def _update(self, message: Mapping[str, Any], answer: str) -> list[Step]:
        session = message.get("session")
        if not isinstance(session, dict):
            raise WrongField("session", "must be an object.")
        config = self._config.updated(session)  # pyright: ignore[reportUnknownArgumentType]
        self._check(config)
        # What is being heard with other settings is heard to its end, as if it had been committed.
        steps: list[Step] = [Finish()] if self._open and config != self._config else []
        self._config = config
        return [*steps, self.created(answer)]

    def _append(self, message: Mapping[str, Any]) -> list[Step]:
        audio = _decoded(message.get("audio"))
        if not audio:
            return []
        steps: list[Step] = [Feed(audio)]
        if self._open is None:
            self._open, self._opened_s = self._config, self._received_s
            self._onset = Onset(self._config.pause_s)
            self._ends = TurnEnds(self._config.turns.judged if self._config.turns else None)
            if not self._detects:
                self._item = _Item(self._new_id(), self._received_s)
            steps.insert(0, Open(self._config))
        raw = self._open.raw
        self._received_s += len(audio) / bytes_per_sample(raw.encoding) / raw.sample_rate
        return steps

    def _commit(self) -> list[Step]:
        if self._open is None:
            raise EmptyBuffer("There is no audio to commit: the buffer is empty.")
        item = self._item = self._item or _Item(self._new_id(), self._opened_s)
        return [self._committed(item), Finish()]

    def _clear(self) -> list[Step]:
        cleared = Say({"type": "input_audio_buffer.cleared"})
        if self._open is None:
            return [cleared]
        self._open = self._item = None
        return [Drop(), cleared]

    # -- what was recognised

    @property
    def _detects(self) -> bool:
        """Whether the ends of turns are found here."""
        return self._open is not None and self._open.turns is not None

    def _over(self, event: Voice | Final) -> bool:
        over = self._ends.over(event)
        return over and self._detects and not (self._item and self._item.committed)

    def _begin(self, start_s: float) -> list[Say]:
        """Open an item at a position of the recognition, unless one is open."""
        if self._item is not None:
            return []
        item = self._item = _Item(self._new_id(), self._opened_s + start_s, self._opened_s + start_s)
        started = {"audio_start_ms": _ms(item.start_s), "item_id": item.id}
        return [Say({"type": "input_audio_buffer.speech_started", **started})]

    def _voice(self, voice: Voice, *, over: bool) -> list[Say]:
        start_s = self._onset.hear(voice)
        begun = [] if start_s is None or not self._detects else self._begin(start_s)
        item = self._item
        return [*begun, *self._stopped(item), *self._complete(item.end_s)] if item and over else begun

    def _partial(self, partial: Partial) -> list[Say]:
        begun = self._begin(partial.audio_s) if self._detects and partial.text else []
        shown = self._show(lambda shown: shown.hear(partial.text[: partial.certain]))
        if shown and self._item:
            self._item.shown_s = partial.audio_s
        return [*begun, *shown]

    def _final(self, final: Final, *, over: bool) -> list[Say]:
        self._onset.ended()
        begun = self._begin(final.start_s) if self._detects and final.text else []
        if self._item is None:
            return []
        self._item.text += final.text
        self._item.end_s = self._opened_s + final.end_s
        stopped = self._stopped(self._item) if over else []
        cut = final.end_s < self._item.shown_s  # through speech: what was heard behind it comes again
        shown = self._show(lambda shown: shown.cut(final.text) if cut else shown.settle(final.text))
        completed = self._complete(self._item.end_s) if over else []
        return [*begun, *stopped, *shown, *completed]

    def _stopped(self, item: _Item) -> list[Say]:
        stopped = {"audio_end_ms": _ms(item.end_s), "item_id": item.id}
        return [Say({"type": "input_audio_buffer.speech_stopped", **stopped}), self._committed(item)]

    def _committed(self, item: _Item) -> Say:
        item.committed = True
        return Say(
            {
                "type": "input_audio_buffer.committed",
                "previous_item_id": self._previous,
                "item_id": item.id,
            }
        )

    def _show(self, hear: Callable[[GrowingText], bool]) -> list[Say]:
        """Tell what the open item's text has grown by."""
        if self._item is None:
            return []
        before = len(self._item.shown.text)
        if not hear(self._item.shown):
            return []
        return [
            Say(
                {
                    "type": "conversation.item.input_audio_transcription.delta",
                    "item_id": self._item.id,
                    "content_index": 0,
                    "delta": self._item.shown.text[before:],
                }
            )
        ]

    def _complete(self, end_s: float) -> list[Say]:
        """End the open item, if there is one."""
        item, self._item = self._item, None
        if item is None:
            return []
        committed = [] if item.committed else [self._committed(item)]
        self._previous = item.id
        seconds = round(max(0.0, end_s - item.start_s), 3)
        return [
            *committed,
            Say(
                {
                    "type": "conversation.item.input_audio_transcription.completed",
                    "item_id": item.id,
                    "content_index": 0,
                    "transcript": item.text.strip(),
                    "usage": {"type": "duration", "seconds": seconds},
                }
            ),
        ]


def _decoded(value: object) -> bytes:
    if not isinstance(value, str):
        raise WrongField("audio", "is missing; it must be samples in base64.")
    try:
        return pybase64.b64decode(value, validate=True)
    except ValueError:
        raise WrongField("audio", "is not base64.") from None


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
