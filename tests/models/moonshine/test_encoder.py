import numpy as np
import pytest

from antiphon.models.moonshine import MoonshineModel
from antiphon.models.moonshine.encoder import Stem

pytestmark = pytest.mark.models

TAIL = 4_800


@pytest.mark.parametrize(
    "lengths", [(1, 40_000, 40_001, 60_000), (8_000, 8_191, 8_192, 50_000), (64_000, 20_000)]
)
def test_what_is_kept_of_shorter_windows_changes_nothing(
    moonshine: MoonshineModel, clips: list, lengths: tuple[int, ...]
) -> None:
    samples, stem = clips[0].samples, Stem()
    for length in lengths:
        grown = moonshine._encoder.encode(samples[:length], TAIL, stem)
        fresh = moonshine._encoder.encode(samples[:length], TAIL, Stem())
        assert grown.shape == fresh.shape
        # Rounding can tip an activation to the next of 256 steps.
        assert np.abs(grown - fresh).mean() < 0.01 * np.abs(fresh).mean()
