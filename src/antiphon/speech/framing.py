from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Frame:
    """A stretch of the stream that voice activity detection judges at once.

    Attributes:
        start: position of its first sample in the stream.
        samples: `Framer.size` of them, or fewer before a mark.
    """

    start: int
    samples: Samples

    @property
    def end(self) -> int:
        """Position after its last sample."""
        return self.start + len(self.samples)


class Framer:
    """Cuts pushed audio into frames. A mark ends a frame early, so that no frame lies on both sides of it.

    Args:
        size: samples a frame.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._chunks: deque[Samples] = deque()
        self._offset = 0  # samples of the first chunk that are already framed
        self._position = 0
        self._pushed = 0
        self._marks: deque[int] = deque()

    def push(self, samples: Samples) -> None:
        """Append audio."""
        if len(samples):
            self._chunks.append(samples)
            self._pushed += len(samples)

    def mark(self) -> int:
        """Mark the end of what was pushed so far, and return its position."""
        self._marks.append(self._pushed)
        return self._pushed

    def take(self) -> Frame | None:
        """The next frame; None when there is neither a whole one nor a mark to end it."""
        while self._marks and self._marks[0] == self._position:
            self._marks.popleft()
        end = self._position + self._size
        if self._marks:
            end = min(end, self._marks[0])
        if end > self._pushed:
            return None
        frame = Frame(self._position, self._read(end - self._position))
        self._position = end
        return frame

    def _read(self, count: int) -> Samples:
        parts: list[Samples] = []
        while count:
            part = self._chunks[0][self._offset : self._offset + count]
            parts.append(part)
            count -= len(part)
            self._offset += len(part)
            if self._offset == len(self._chunks[0]):
                self._chunks.popleft()
                self._offset = 0
        # A copy, even of one part: a view would keep the whole chunk it comes from.
        return np.concatenate(parts)
