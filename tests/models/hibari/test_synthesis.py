from typing import Any

import hibari.dsp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.models.hibari.noise import noise_at, noise_places
from antiphon.models.hibari.pulses import FRAME
from antiphon.models.hibari.synthesis import Synthesis, Turn, advance
from antiphon.models.hibari.waves import Spectra

FRAMES = 40
_random = np.random.default_rng(5)
LH, LR, LN, THETA, PHI = _random.standard_normal((5, FRAMES, 601)).astype(np.float32)
RADIUS = np.exp(np.stack([LH, LR, LN], axis=1))
ANGLE = np.stack([np.tanh(THETA) * np.float32(np.pi), PHI], axis=1)
F0 = (170 + 60 * np.sin(np.arange(FRAMES) / 6)).astype(np.float32)
F0[12:19] = 0.0


def speak(
    chunks: list[int],
    skips: dict[int, int] | None = None,
    *,
    total: int = FRAMES,
    seed: int = 3,
    surplus: int = 0,
    ahead: int = 0,
) -> Any:
    """Samples by frame, [total, 300]; NaN where skipped.

    ``skips`` maps chunk number to target frame; ``surplus`` frames of spectra and ``ahead`` frames of F0 more
    than needed are given.
    """
    synthesis = Synthesis(total, seed, 1)
    out = np.full((total, FRAME), np.nan, np.float32)
    index = 0
    while synthesis.done < total:
        synthesis.skip_to((skips or {}).get(index, 0))
        start, count = synthesis.done, chunks[index % len(chunks)]
        some = slice(synthesis.decoded, min(synthesis.wanted(count) + surplus, total))
        known = F0[: min(some.stop + 2 + ahead, total)]
        (samples,) = advance([Turn(synthesis, count, Spectra(RADIUS[some], ANGLE[some]), known)])
        assert len(samples) == FRAME * min(count, total - start)
        out[start : synthesis.done] = samples.reshape(-1, FRAME)
        index += 1
    return out


WHOLE = speak([FRAMES])


@given(st.lists(st.integers(1, FRAMES), min_size=1, max_size=12), st.integers(0, 30), st.integers(0, 30))
@settings(deadline=None, max_examples=60)
def test_samples_do_not_depend_on_chunks(chunks: list[int], surplus: int, ahead: int) -> None:
    np.testing.assert_array_equal(speak(chunks, surplus=surplus, ahead=ahead), WHOLE)


@given(
    st.integers(1, 8),
    st.dictionaries(st.integers(0, 6), st.integers(0, FRAMES), max_size=3),
    st.integers(0, 20),
)
@settings(deadline=None, max_examples=80)
def test_samples_after_a_skip_stay_the_same(chunk: int, skips: dict[int, int], ahead: int) -> None:
    out = speak([chunk], skips, ahead=ahead)
    made = ~np.isnan(out[:, 0])
    np.testing.assert_array_equal(out[made], WHOLE[made])


@pytest.mark.parametrize("total", [6, 7, FRAMES])
def test_samples_are_those_of_hibari(total: int) -> None:
    class SameNoise:
        def standard_normal(self, shape: tuple[int, int], dtype: type) -> np.ndarray:
            real, imaginary = noise_at(noise_places(3, 1, total)).swapaxes(0, 1)
            noise = (real + 1j * imaginary).T.astype(np.complex64)
            return np.ascontiguousarray(noise).view(dtype).reshape(shape)

    lh, ln, lr, theta, phi = (np.ascontiguousarray(part[:total].T) for part in (LH, LN, LR, THETA, PHI))
    theirs = hibari.dsp.synth(lh, theta, ln, lr, phi, F0[:total], SameNoise())
    np.testing.assert_allclose(speak([5], total=total).reshape(-1), theirs, atol=5e-5)


def test_the_seed_changes_the_noise() -> None:
    other = speak([FRAMES], seed=4)
    assert not np.array_equal(other, WHOLE)
