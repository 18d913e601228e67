"""The text-to-speech context: from a client's inputs to segments, flush marks and the end, in order."""

from collections import deque
from dataclasses import dataclass

from antiphon.errors import BadRequest
from antiphon.text.segments import Segmenter, is_speakable


@dataclass(frozen=True, slots=True)
class Speak:
    """Speak one segment.

    Attributes:
        index: 0, 1, 2 … within the context.
        text: the segment, verbatim.
        flush_id: 1 before the first flush, n + 1 after the n-th.
    """

    index: int
    text: str
    flush_id: int


@dataclass(frozen=True, slots=True)
class FlushDone:
    """Every segment of this flush has been spoken."""

    flush_id: int


@dataclass(frozen=True, slots=True)
class End:
    """Nothing follows."""


Action = Speak | FlushDone | End


class Context:
    """Collects streamed text and says what to do next; it does no I/O and keeps no clock.

    Text is joined verbatim and cut into sentences. A sentence is due once it is certain to be complete; what
    is left over is due when no text came for ``buffer_delay_s``, on a flush, or when the input ends. With a
    delay of 0 the client buffers by itself, and each input is due as it was sent. Text with nothing to speak
    waits for a neighbour to join, and is dropped if none comes.

    The actions don't depend on when `next_action` is called, as long as ``now`` never decreases.

    Args:
        buffer_delay_s: how long to wait for more text before the rest is spoken, in seconds.
    """

    def __init__(self, *, buffer_delay_s: float) -> None:
        self._buffer_delay_s = buffer_delay_s
        self._segmenter = Segmenter()
        self._actions: deque[Action] = deque()
        self._release_at: float | None = None
        self._next_index = 0
        self._flush_id = 1
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the last input came, or the context was cancelled."""
        return self._closed

    def append(self, text: str, *, more: bool, flush: bool, now: float) -> None:
        """Take in one input.

        Args:
            text: joins the earlier text as it is; may be empty.
            more: False when this is the last input.
            flush: everything received so far is to be spoken, then `FlushDone` follows.
            now: the time in seconds, of any clock that never goes backwards.

        Raises:
            BadRequest: the context is closed; or this closes it and it never received anything to speak, in
                which case no `End` follows.
        """
        if self._closed:
            raise BadRequest(
                "This context already received its last input or was cancelled; "
                "send more text under another context_id"
            )
        self._release_if_due(now)
        self._speak(self._segmenter.push(text))
        if flush or not more or self._buffer_delay_s == 0:
            self._release()
        elif text:
            waiting = is_speakable(self._segmenter.pending)
            self._release_at = now + self._buffer_delay_s if waiting else None
        if flush:
            self._actions.append(FlushDone(self._flush_id))
            self._flush_id += 1
        if not more:
            self._closed = True
            if self._next_index == 0:
                raise BadRequest("No valid transcripts passed")
            self._actions.append(End())

    def next_action(self, now: float) -> Action | None:
        """Take the next action that is due, or None when there is none at this time."""
        self._release_if_due(now)
        return self._actions.popleft() if self._actions else None

    def wake_at(self) -> float | None:
        """When text becomes due without further input; None when none will."""
        return self._release_at

    def cancel(self) -> None:
        """Drop everything not yet taken; no action follows, not even `End`."""
        self._closed = True
        self._release_at = None
        self._actions.clear()

    def _release_if_due(self, now: float) -> None:
        if self._release_at is not None and now >= self._release_at:
            self._release()

    def _release(self) -> None:
        self._release_at = None
        if is_speakable(self._segmenter.pending):
            self._speak(self._segmenter.flush())

    def _speak(self, segments: list[str]) -> None:
        for segment in filter(is_speakable, segments):
            self._actions.append(Speak(self._next_index, segment, self._flush_id))
            self._next_index += 1
