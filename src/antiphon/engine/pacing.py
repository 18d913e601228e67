"""How much of a stream is made at once: as little as possible for the first sound, then more and more."""

from antiphon.engine.cost import StepCost

FIRST_FRAMES = 6
"""Frames of a stream's first chunk beyond where its sound most likely begins."""

LARGEST_FRAMES = 96
"""Frames a chunk grows to: more would keep other streams waiting for the step."""

WHOLE_FRAMES = 6
"""Chunks are multiples of this: matrix libraries work in blocks of so many rows."""

GROWTH = 2
"""By how much a chunk is larger than the one before, at most."""

PATH_S = 0.001
"""What a chunk costs beyond the engine, whatever its size: messages, wire, wake-ups."""

IDLE_SHARE, BUSY_SHARE = 0.25, 0.1
"""How much of a chunk's cost may be independent of its size: alone on the worker, and among others."""


def next_frames(previous: int, lead_s: float, *, alone: bool, cost: StepCost) -> int:
    """Frames of the chunk that follows one of ``previous`` frames.

    Args:
        previous: size of the last chunk.
        lead_s: seconds of audio the listener has left: a chunk has to be made within most of them, among
            others within half.
        alone: whether no other stream wants a step. Small chunks let a newcomer in soon; large ones make
            more audio in the same time.
        cost: of a step, by frames.
    """
    share = IDLE_SHARE if alone else BUSY_SHARE
    within_s = lead_s * (0.8 if alone else 0.5)
    fixed_s = cost.base_s + PATH_S
    thrifty = fixed_s / cost.unit_s * (1.0 / share - 1.0) if cost.unit_s > 0.0 else LARGEST_FRAMES
    wanted = min(GROWTH * previous, thrifty, cost.units_within(within_s), LARGEST_FRAMES)
    return max(FIRST_FRAMES, int(wanted) // WHOLE_FRAMES * WHOLE_FRAMES)
