from typing import Any

import hibari.dsp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.models.hibari.synthesis import FRAME, Synthesis, _Noise

FRAMES = 40
_random = np.random.default_rng(5)
SPECTRA = _random.standard_normal((FRAMES, 5, 601)).astype(np.float32)
F0 = (170 + 60 * np.sin(np.arange(FRAMES) / 6)).astype(np.float32)
F0[12:19] = 0.0


def speak(
    chunks: list[int], skips: dict[int, int] | None = None, *, total: int = FRAMES, seed: int = 3
) -> Any:
    """Samples by frame, [total, 300]; NaN where skipped. ``skips`` maps chunk number to target frame."""
    synthesis = Synthesis(total, seed, 1)
    out = np.full((total, FRAME), np.nan, np.float32)
    index = 0
    while synthesis.done < total:
        synthesis.skip_to((skips or {}).get(index, 0))
        start, count = synthesis.done, chunks[index % len(chunks)]
        first, last = synthesis.wanted(count)
        known = F0[:total].copy()
        known[last + 2 :] = np.nan
        samples = synthesis.advance(count, SPECTRA[first:last], known)
        assert len(samples) == FRAME * min(count, total - start)
        out[start : synthesis.done] = samples.reshape(-1, FRAME)
        index += 1
    return out


WHOLE = speak([FRAMES])


@given(st.lists(st.integers(1, FRAMES), min_size=1, max_size=12))
@settings(deadline=None, max_examples=60)
def test_samples_do_not_depend_on_chunks(chunks: list[int]) -> None:
    np.testing.assert_array_equal(speak(chunks), WHOLE)


@given(st.integers(1, 8), st.dictionaries(st.integers(0, 6), st.integers(0, FRAMES), max_size=3))
@settings(deadline=None, max_examples=80)
def test_samples_after_a_skip_stay_the_same(chunk: int, skips: dict[int, int]) -> None:
    out = speak([chunk], skips)
    made = ~np.isnan(out[:, 0])
    np.testing.assert_array_equal(out[made], WHOLE[made])


@pytest.mark.parametrize("total", [6, 7, FRAMES])
def test_samples_are_those_of_hibari(total: int) -> None:
    class SameNoise:
        def standard_normal(self, shape: tuple[int, int], dtype: type) -> np.ndarray:
            radius, angle = _Noise(3, 1)(0, total)
            noise = (radius * np.exp(1j * angle)).astype(np.complex64)
            return np.ascontiguousarray(noise.T).view(dtype).reshape(shape)

    lh, ln, lr, theta, phi = (np.ascontiguousarray(SPECTRA[:total, i].T) for i in range(5))
    theirs = hibari.dsp.synth(lh, theta, ln, lr, phi, F0[:total], SameNoise())
    np.testing.assert_allclose(speak([5], total=total).reshape(-1), theirs, atol=5e-5)


def test_the_seed_changes_the_noise() -> None:
    other = speak([FRAMES], seed=4)
    assert not np.array_equal(other, WHOLE)


def test_noise_is_complex_normal_and_found_by_counting() -> None:
    radius, angle = _Noise(2**63, 7)(0, 300)
    noise = radius * np.exp(1j * angle)
    assert np.isfinite(noise).all()
    for part in (noise.real, noise.imag):
        assert abs(part.mean()) < 0.01
        assert abs(part.std() - 1) < 0.01
        assert abs((np.abs(part) < 1).mean() - 0.6827) < 0.005
    late = _Noise(2**63, 7)
    late(0, 3)
    np.testing.assert_array_equal(late(290, 300)[0], radius[290:])
    assert not np.array_equal(_Noise(2**63, 8)(0, 300)[0], radius)
    np.testing.assert_array_equal(_Noise(-1, 0)(0, 2)[0], _Noise(2**64 - 1, 0)(0, 2)[0])
