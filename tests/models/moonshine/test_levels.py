"""Speech that comes too quiet, too loud or broken."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.audio.encodings import decode
from antiphon.loadtest.wordrate import word_errors
from antiphon.speech.listener import FinalText, Output

pytestmark = pytest.mark.models

Samples = NDArray[np.float32]


def quiet(samples: Samples) -> Samples:
    return samples * np.float32(0.01 / np.sqrt(np.mean(np.square(samples))))


def clipped(samples: Samples) -> Samples:
    return np.clip(samples * np.float32(1.5 / np.abs(samples).max()), -1, 1)


def off_centre(samples: Samples) -> Samples:
    return samples + np.float32(0.05)


def spiked(samples: Samples) -> Samples:
    broken = samples.copy()
    broken[::4_001] = 1.0
    return broken


def no_numbers(samples: Samples) -> Samples:
    broken = samples.copy()
    broken[::2_003], broken[::7_001], broken[::9_001] = np.nan, np.inf, -np.inf
    return decode(broken.astype("<f4").tobytes(), "pcm_f32le")


@pytest.mark.parametrize("spoil", [quiet, clipped, off_centre, spiked, no_numbers])
def test_speech_is_heard_nevertheless(
    hear_stream: Callable[..., list[Output]], clips: list, spoil: Callable[[Samples], Samples]
) -> None:
    [clip] = [clip for clip in clips if clip.name.startswith("004")]
    outputs = hear_stream(spoil(clip.samples))
    text = "".join(output.text for output in outputs if isinstance(output, FinalText))
    assert word_errors(clip.text, text).errors <= 1


def test_speech_after_broken_samples_is_heard_as_if_they_were_silent(
    hear_stream: Callable[..., list[Output]], clips: list
) -> None:
    broken = decode(np.full(16_000, np.nan, "<f4").tobytes(), "pcm_f32le")
    silent = np.zeros(16_000, np.float32)
    assert hear_stream(np.concatenate([broken, clips[0].samples])) == hear_stream(
        np.concatenate([silent, clips[0].samples])
    )
