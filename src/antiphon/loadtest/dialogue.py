"""What one stream of speech hears back, and how long each answer took; without I/O.

The speaker's utterances follow each other with pauses. After some the client says ``finalize``, after the
others it only waits for the server to notice. An utterance is answered by the first final text after its end,
or by ``flush_done`` where all of its text was final before; what has no answer when the next utterance begins
stays unanswered.
"""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Dialogue:
    """The answers to one stream. All times are of one clock, in seconds.

    Attributes:
        first_partials: an utterance's first sample was sent → its first text came.
        partial_intervals: between two texts that may still change, while the speaker speaks.
        finals: ``finalize`` was sent → the final text came.
        pause_finals: the last sample of an utterance was sent → its final text came, without a ``finalize``.
        unanswered: utterances without a final text up to the next one.
        texts: the final ones.
    """

    first_partials: list[float] = field(default_factory=list[float])
    partial_intervals: list[float] = field(default_factory=list[float])
    finals: list[float] = field(default_factory=list[float])
    pause_finals: list[float] = field(default_factory=list[float])
    unanswered: int = 0
    texts: list[str] = field(default_factory=list[str])
    _began_s: float | None = None
    _partial_s: float | None = None
    _awaited: list[float] | None = None
    _ended_s: float = 0.0
    _flushed_s: float | None = None

    def began(self, now_s: float) -> None:
        """The speaker begins an utterance."""
        self.settle()
        self._began_s, self._partial_s = now_s, None

    def ended(self, now_s: float, *, finalize: bool) -> None:
        """The utterance is over, and the client says so or not."""
        self._began_s, self._ended_s, self._flushed_s = None, now_s, None
        self._awaited = self.finals if finalize else self.pause_finals

    def partial(self, now_s: float) -> None:
        """A text came that may still change. Those that come after the utterance tell nothing about it."""
        if self._began_s is None:
            return
        if self._partial_s is None:
            self.first_partials.append(now_s - self._began_s)
        else:
            self.partial_intervals.append(now_s - self._partial_s)
        self._partial_s = now_s

    def final(self, now_s: float, text: str) -> None:
        """A text came that stays."""
        self.texts.append(text)
        if self._awaited is not None:
            self._awaited.append(now_s - self._ended_s)
            self._awaited = None

    def flushed(self, now_s: float) -> None:
        """``flush_done`` came. Servers send it before or after the final text, so it counts only alone."""
        if self._awaited is self.finals:
            self._flushed_s = now_s

    def settle(self) -> None:
        """No answer to the last utterance is awaited any longer."""
        if self._awaited is not None:
            if self._flushed_s is None:
                self.unanswered += 1
            else:
                self._awaited.append(self._flushed_s - self._ended_s)
        self._awaited = None
