"""Stacks of convolutions run over a growing sequence, each row computed once.

A stack of `graphs` whose convolutions see ``margins`` rows on either side gives row i once it has seen
row i + sum(margins). Between two passes every layer keeps the last rows it was given, as many as its
convolution is wide: the next pass goes on from there, and n rows in are n rows out.

The first pass (at row 0, or behind a skip) has nothing to go on from. It takes the cone of rows that its
own rows depend on, and before the sequence begins, as behind its end, every layer sees zeros. The last pass
comes as soon as all rows in are there: it gives all rows that are left, more than were asked for.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from antiphon.models.hibari.pulses import Float32


class Strand:
    """How far a stack has come in one sequence.

    Args:
        length: rows of the sequence.
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self.done: int = 0
        self.kept: Float32 | None = None

    def skip_to(self, row: int) -> None:
        """Leave out the rows before ``row``."""
        if row > self.done:
            self.done, self.kept = row, None


class Pass(NamedTuple):
    """What one pass takes, and what it gives.

    Attributes:
        start, stop: rows in.
        left: rows that each layer is given before its own: kept ones, or zeros.
        ends: whether zeros follow: ``stop`` is the end of the sequence.
        end: the rows that come out end here; they begin at `Strand.done`.
    """

    start: int
    stop: int
    left: tuple[int, ...]
    ends: bool
    end: int


class Stack:
    """A graph of `graphs` and its margins by layer.

    Args:
        session: the onnxruntime session.
        margins: rows on either side that each layer's convolution sees.
        channels: of the layers.
    """

    def __init__(self, session: Any, margins: Sequence[int], channels: int) -> None:
        self._session = session
        self._margins = tuple(margins)
        self._whole = tuple(2 * margin for margin in margins)
        self._context = sum(margins)
        self._deeper = tuple(accumulate(reversed(margins)))[::-1]
        self._channels = channels
        self._empty = [np.zeros((0, *output.shape[2:]), np.float32) for output in session.get_outputs()[:-1]]

    def sees(self, strand: Strand, end: int) -> int:
        """How far the rows in must be known for the rows before ``end``."""
        return min(end + self._context, strand.length)

    def plan(self, strand: Strand, end: int) -> Pass:
        """The pass that gives the rows from `Strand.done` to at least ``end``."""
        stop = self.sees(strand, end)
        ends = stop == strand.length
        end = strand.length if ends else end
        if strand.kept is not None:
            return Pass(strand.done + self._context, stop, self._whole, ends, end)
        left = tuple(
            min(margin, max(deeper - strand.done, 0))
            for margin, deeper in zip(self._margins, self._deeper, strict=True)
        )
        return Pass(max(strand.done - self._context, 0), stop, left, ends, end)

    def run(
        self, strands: Sequence[Strand], sequences: Sequence[Float32], ends: Sequence[int]
    ) -> list[list[Float32]]:
        """Rows from `Strand.done` to at least ``ends[i]`` of each sequence, for each output of the graph.

        Passes of the same shape go together: a batch of one row each costs little more than one row, since
        it is the weights that take the time.

        Args:
            strands: moved on to the end of the rows given.
            sequences: [length, channels in], known as far as `Pass.stop` says.
            ends: no rows are given where there is nothing left to do up to there.
        """
        results = [self._empty] * len(strands)
        groups: dict[tuple[int, tuple[int, ...], bool], list[tuple[int, Pass]]] = {}
        for index, (strand, end) in enumerate(zip(strands, ends, strict=True)):
            if end > strand.done:
                step = self.plan(strand, end)
                groups.setdefault((step.stop - step.start, step.left, step.ends), []).append((index, step))
        for (_, left, at_end), members in groups.items():
            going_on = [kept for index, _ in members if (kept := strands[index].kept) is not None]
            right = self._margins if at_end else (0,) * len(left)
            *outputs, kept = self._session.run(
                None,
                {
                    "x": np.array([sequences[index][step.start : step.stop] for index, step in members]),
                    "before": np.concatenate(going_on) if going_on else self._blank(len(members), sum(left)),
                    "left": np.array(left, np.int64),
                    "after": self._blank(len(members), sum(right)),
                    "right": np.array(right, np.int64),
                },
            )
            for row, (index, step) in enumerate(members):
                results[index] = [output[row] for output in outputs]
                strands[index].done = step.end
                # A copy: one that waits must not hold the rows of all its neighbours.
                strands[index].kept = None if at_end else kept[row : row + 1].copy()
        return results

    def _blank(self, batch: int, rows: int) -> Float32:
        return np.zeros((batch, 1, rows, self._channels), np.float32)
