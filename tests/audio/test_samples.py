import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from antiphon.audio.samples import clean

FLOATS = hnp.arrays(
    st.sampled_from([np.float16, np.float32, np.float64]), st.integers(0, 50), elements=st.floats(width=16)
)


@given(FLOATS)
def test_clean_samples_are_finite_and_within_full_scale(samples: np.ndarray) -> None:
    cleaned = clean(samples)
    assert cleaned.dtype == np.float32
    assert np.all(np.abs(cleaned) <= 1)
    good = np.isfinite(samples) & (np.abs(samples) <= 1)
    np.testing.assert_array_equal(cleaned[good], samples[good])
    assert not np.any(cleaned[~np.isfinite(samples)])


def test_what_is_too_loud_is_clipped() -> None:
    assert clean(np.array([1.5, -1e300, 1e300, np.nan, np.inf])).tolist() == [1, -1, 1, 0, 0]
