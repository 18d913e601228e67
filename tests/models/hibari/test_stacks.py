from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.models.hibari import graphs
from antiphon.models.hibari.model import HibariModel
from antiphon.models.hibari.stacks import Stack, Strand

LENGTH = 150
STACKS = {
    "prosody": (graphs.PROSODY_MARGINS, graphs.PLAN_CHANNELS, graphs.PLAN_CHANNELS),
    "decoder": (
        graphs.DECODER_MARGINS,
        graphs.DECODER_CHANNELS,
        graphs.FRAME_CHANNELS * (2 * graphs.FRAME_MARGIN + 1),
    ),
}
Rows = list[list[np.ndarray]]


class Case:
    """A stack, two sequences, and what they give in one pass from beginning to end."""

    def __init__(self, folder: Path, name: str) -> None:
        margins, channels, inputs = STACKS[name]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.stack = Stack(onnxruntime.InferenceSession(folder / f"{name}.onnx", options), margins, channels)
        self.x = np.random.default_rng(0).standard_normal((2, LENGTH, inputs)).astype(np.float32)
        self.rate = 2 if name == "prosody" else 1
        self.whole = [
            rows for x in self.x for rows in self.stack.run([Strand(LENGTH)], [x], [LENGTH])
        ]  # fmt: skip


@pytest.fixture(scope="module", params=STACKS)
def case(request: pytest.FixtureRequest, model: HibariModel, model_folder: Path) -> Case:
    return Case(model_folder / "prepared", request.param)


def check(case: Case, index: int, start: int, end: int, rows: list[np.ndarray]) -> None:
    for part, whole in zip(rows, case.whole[index], strict=True):
        np.testing.assert_array_equal(part, whole[start * case.rate : end * case.rate])


@given(st.integers(0, LENGTH - 1), st.lists(st.integers(1, 60), min_size=1, max_size=5))
@settings(deadline=None, max_examples=20)
def test_rows_do_not_depend_on_passes(case: Case, first: int, sizes: list[int]) -> None:
    strand = Strand(LENGTH)
    strand.skip_to(first)
    passes = 0
    while strand.done < LENGTH:
        start = strand.done
        (rows,) = case.stack.run([strand], [case.x[0]], [min(start + sizes[passes % len(sizes)], LENGTH)])
        check(case, 0, start, strand.done, rows)
        passes += 1


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, LENGTH - 1)), min_size=2, max_size=6),
    st.lists(st.integers(1, 40), min_size=1, max_size=4),
)
@settings(deadline=None, max_examples=12)
def test_rows_do_not_depend_on_neighbours(case: Case, rows: list[tuple[bool, int]], sizes: list[int]) -> None:
    """Strands at any places, most of which soon go on in the same calls."""
    strands = [Strand(LENGTH) for _ in rows]
    sequences = [case.x[int(second)] for second, _ in rows]
    for strand, (_, first) in zip(strands, rows, strict=True):
        strand.skip_to(first)
    for size in sizes:
        starts = [strand.done for strand in strands]
        made = case.stack.run(strands, sequences, [min(start + size, LENGTH) for start in starts])
        for (second, _), start, strand, parts in zip(rows, starts, strands, made, strict=True):
            check(case, int(second), start, strand.done, parts)


@given(st.integers(0, LENGTH - 1), st.integers(1, 30))
@settings(deadline=None, max_examples=20)
def test_a_pass_sees_no_further_than_its_plan_says(case: Case, first: int, size: int) -> None:
    strand = Strand(LENGTH)
    strand.skip_to(first)
    plan = case.stack.plan(strand, min(first + size, LENGTH))
    x = np.full_like(case.x[0], np.nan)
    x[plan.start : plan.stop] = case.x[0, plan.start : plan.stop]
    (rows,) = case.stack.run([strand], [x], [min(first + size, LENGTH)])
    assert strand.done == plan.end
    check(case, 0, first, plan.end, rows)


def test_a_sequence_with_nothing_left_to_do_has_no_rows(case: Case) -> None:
    strand = Strand(LENGTH)
    for end, empty in ((0, True), (8, False), (8, True), (LENGTH, False), (LENGTH, True)):
        (rows,) = case.stack.run([strand], [case.x[0]], [end])
        assert all((len(part) == 0) == empty for part in rows)
        assert [part.shape[1:] for part in rows] == [part.shape[1:] for part in case.whole[0]]
