"""The clock of a text-to-speech context."""

from collections.abc import Iterable

from antiphon.contract.events import Word


class Timeline:
    """Moves times of segments to times of their context: seconds from the context's first sample.

    Words and phonemes each never go backwards: an entry starts no earlier than the last one of its kind
    ended, even when a segment's audio turns out shorter than its timestamps promised.

    Args:
        sample_rate: of the samples counted, in Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._samples = 0
        self._segment_start = 0
        self._last_word_end_s = 0.0
        self._last_phoneme_end_s = 0.0

    @property
    def position_s(self) -> float:
        """Seconds of audio emitted so far in the context."""
        return self._samples / self.sample_rate

    def begin_segment(self) -> None:
        """The audio and the times that follow are of the next segment."""
        self._segment_start = self._samples

    def advance(self, n_samples: int) -> None:
        """Count ``n_samples`` of audio as emitted: speech, or silence put between segments."""
        self._samples += n_samples

    def place_words(self, words: Iterable[Word]) -> tuple[Word, ...]:
        """Words of the current segment (seconds from its start), moved to the time of the context."""
        placed = self._place(words, self._last_word_end_s)
        if placed:
            self._last_word_end_s = placed[-1].end_s
        return placed

    def place_phonemes(self, phonemes: Iterable[Word]) -> tuple[Word, ...]:
        """As `place_words`, for phonemes."""
        placed = self._place(phonemes, self._last_phoneme_end_s)
        if placed:
            self._last_phoneme_end_s = placed[-1].end_s
        return placed

    def _place(self, entries: Iterable[Word], not_before_s: float) -> tuple[Word, ...]:
        offset_s = self._segment_start / self.sample_rate
        placed: list[Word] = []
        for entry in entries:
            start_s = max(entry.start_s + offset_s, not_before_s)
            not_before_s = max(entry.end_s + offset_s, start_s)
            placed.append(Word(entry.text, start_s, not_before_s))
        return tuple(placed)
