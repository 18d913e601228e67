"""The text-to-speech context: from a client's inputs to segments, pauses, flush marks and the end."""

from collections import deque
from dataclasses import dataclass, replace

from antiphon.errors import BadRequest
from antiphon.speech.style import UNCHANGED, USUAL, Manner, Style
from antiphon.text.markup import Break, Expression, Item, Markup, Speed, Text, Volume
from antiphon.text.segments import Segmenter, is_speakable

MAX_BREAK_S = 10.0
"""A longer break is cut to this."""

_BREAK_CHARS = 20
"""What a break counts for in `Context.waiting_chars`: about the length of its tag."""


@dataclass(frozen=True, slots=True)
class Speak:
    """Speak one segment.

    Attributes:
        index: 0, 1, 2 … within the context.
        text: the segment, verbatim but for its tags.
        flush_id: 1 before the first flush, n + 1 after the n-th.
        style: how to speak it.
        parts: the text in parts, where some are to be spelled or have phonemes given; empty otherwise.
    """

    index: int
    text: str
    flush_id: int
    style: Style = USUAL
    parts: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Pause:
    """Be silent for so long."""

    seconds: float
    flush_id: int


@dataclass(frozen=True, slots=True)
class FlushDone:
    """Every segment of this flush has been spoken."""

    flush_id: int


@dataclass(frozen=True, slots=True)
class End:
    """Nothing follows."""


Action = Speak | Pause | FlushDone | End


class Context:
    """Collects streamed text and says what to do next; it does no I/O and keeps no clock.

    Text is joined verbatim, parted from its tags, and cut into sentences. A sentence is due once it is
    certain to be complete; what is left over is due when no text came for ``buffer_delay_s``, on a flush, or
    when the input ends. With a delay of 0 the client buffers by itself, and each input is due as it was sent,
    but for the beginning of a tag at its end. A change of style and a break end a segment. Text with nothing
    to speak waits for a neighbour to join, and is dropped if none comes.

    The actions don't depend on when `next_action` is called, as long as ``now`` never decreases.

    Args:
        buffer_delay_s: how long to wait for more text before the rest is spoken, in seconds.
    """

    def __init__(self, *, buffer_delay_s: float) -> None:
        self._buffer_delay_s = buffer_delay_s
        self._markup = Markup()
        self._segmenter = Segmenter()
        self._actions: deque[Action] = deque()
        self._release_at: float | None = None
        self._next_index = 0
        self._flush_id = 1
        self._closed = False
        self._manner, self._style = UNCHANGED, USUAL
        self._expressions: set[str] = set()
        self._queued_chars = 0
        self._paused = False
        # Parts of the text that are spelled or have phonemes, by where they begin; counted are the characters
        # that the segmenter got, and those that it gave back.
        self._marked: deque[tuple[int, Text]] = deque()
        self._pushed = self._taken = 0

    @property
    def closed(self) -> bool:
        """Whether the last input came, or the context was cancelled."""
        return self._closed

    @property
    def expressions(self) -> frozenset[str]:
        """What the tags so far asked the voice to act: ``emotion``, ``laughter``."""
        return frozenset(self._expressions)

    @property
    def waiting_chars(self) -> int:
        """Length of the text that has come and was not yet taken."""
        return self._queued_chars + len(self._segmenter.pending) + len(self._markup.held)

    def append(self, text: str, *, more: bool, flush: bool, now: float, manner: Manner = UNCHANGED) -> None:
        """Take in one input.

        Args:
            text: joins the earlier text as it is; may be empty.
            more: False when this is the last input.
            flush: everything received so far is to be spoken, then `FlushDone` follows.
            now: the time in seconds, of any clock that never goes backwards.
            manner: how to speak from this text on.

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
        items = self._markup.push(text)
        if flush or not more:
            items += self._markup.flush()
        if text and (manner != self._manner or self._style.pace_s):
            self._adopt(manner, items)
        for item in items:
            self._take(item)
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
            if self._next_index == 0 and not self._paused:
                raise BadRequest("No valid transcripts passed")
            self._actions.append(End())

    def next_action(self, now: float) -> Action | None:
        """Take the next action that is due, or None when there is none at this time."""
        self._release_if_due(now)
        if not self._actions:
            return None
        action = self._actions.popleft()
        self._queued_chars -= _chars(action)
        return action

    def wake_at(self) -> float | None:
        """When text becomes due without further input; None when none will."""
        return self._release_at

    def cancel(self) -> None:
        """Drop everything not yet taken; no action follows, not even `End`."""
        self._closed = True
        self._release_at = None
        self._actions.clear()

    def _adopt(self, manner: Manner, items: list[Item]) -> None:
        """Speak from here on as an input says."""
        length = sum(len(item.text) for item in items if isinstance(item, Text))
        self._restyle(self._style.changed(self._manner, manner, length))
        self._manner = Manner(
            self._manner.speed if manner.speed is None else manner.speed,
            self._manner.volume if manner.volume is None else manner.volume,
        )

    def _take(self, item: Item) -> None:
        match item:
            case Text():
                if not item.plain:
                    self._marked.append((self._pushed, item))
                self._pushed += len(item.text)
                self._speak(self._segmenter.push(item.text))
            case Speed():
                self._restyle(self._style.with_speed(item.ratio))
            case Volume():
                self._restyle(self._style.with_volume(item.ratio))
            case Break():
                self._break(min(item.seconds, MAX_BREAK_S))
            case Expression():
                self._expressions.add(item.kind)

    def _restyle(self, style: Style) -> None:
        """What waits is spoken in the old style; text with nothing to speak goes with what follows."""
        if style != self._style:
            self._release()
            self._style = style

    def _break(self, seconds: float) -> None:
        if seconds > 0:
            self._release()
            self._paused = True
            self._queue(Pause(seconds, self._flush_id))

    def _release_if_due(self, now: float) -> None:
        if self._release_at is not None and now >= self._release_at:
            self._release()

    def _release(self) -> None:
        self._release_at = None
        if is_speakable(self._segmenter.pending):
            self._speak(self._segmenter.flush())

    def _speak(self, segments: list[str]) -> None:
        for segment in segments:
            parts = self._parts(segment)
            if is_speakable(segment):
                self._queue(Speak(self._next_index, segment, self._flush_id, self._style, parts))
                self._next_index += 1

    def _queue(self, action: Action) -> None:
        self._actions.append(action)
        self._queued_chars += _chars(action)

    def _parts(self, segment: str) -> tuple[Text, ...]:
        """The parts of the segment that the segmenter gave next; empty if none is marked."""
        start, self._taken = self._taken, self._taken + len(segment)
        parts: list[Text] = []
        at = start
        while self._marked and self._marked[0][0] < self._taken:
            begin, mark = self._marked.popleft()
            inside = replace(mark, text=mark.text[: self._taken - begin])
            if len(inside.text) < len(mark.text):
                rest = replace(mark, text=mark.text[len(inside.text) :])
                self._marked.appendleft((self._taken, rest))
            if at < begin:
                parts.append(Text(segment[at - start : begin - start]))
            parts.append(inside)
            at = begin + len(inside.text)
        if parts and at < self._taken:
            parts.append(Text(segment[at - start :]))
        return tuple(parts)


def _chars(action: Action) -> int:
    match action:
        case Speak():
            return len(action.text)
        case Pause():
            return _BREAK_CHARS
        case _:
            return 0
