"""Log-mel spectrograms as Whisper was trained on them.

Frames of 25 ms every 10 ms, a periodic Hann window, reflected edges; mel bands of Slaney's scale, each of the
same area; base-10 logarithm, floored 80 dB under the loudest band of the window, brought to about [-1, 1].
Source: https://github.com/openai/whisper/blob/main/whisper/audio.py and, for the bands,
https://librosa.org/doc/main/generated/librosa.filters.mel.html.
"""

import numpy as np
from numpy.typing import NDArray

from antiphon.models.protocols import Samples

SAMPLE_RATE = 16_000
HOP = 160
"""Samples between two frames (10 ms)."""

_WINDOW = 400
_QUIETEST = 1e-10
_RANGE = 8.0
"""Decades of power from the loudest band of a window down to its floor."""

_BREAK_HZ, _BREAK_MEL = 1_000.0, 15.0
_LOG_STEP = np.log(6.4) / 27.0

Floats = NDArray[np.float32]


class LogMel:
    """The spectrogram of one model.

    Args:
        bands: mel bands; 80, or 128 for the large models since v3.
    """

    def __init__(self, bands: int) -> None:
        self._filters = _mel_filters(bands)
        self._window = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)

    def __call__(self, samples: Samples, length: int) -> Floats:
        """The spectrogram of a window that is followed by silence.

        Args:
            samples: [n] at 16 kHz.
            length: frames to give; those after the samples are of silence.

        Returns:
            [bands, length]
        """
        padded = np.zeros(length * HOP, np.float32)
        padded[: len(samples)] = samples[: len(padded)]
        edged = np.pad(padded, _WINDOW // 2, mode="reflect")
        frames = np.lib.stride_tricks.sliding_window_view(edged, _WINDOW)[::HOP][:length]
        spectrum = np.fft.rfft(frames * self._window)
        power = spectrum.real**2 + spectrum.imag**2
        levels = np.log10(np.maximum(self._filters @ power.T.astype(np.float32), _QUIETEST))
        floored = np.maximum(levels, levels.max() - _RANGE)
        return ((floored + 4.0) / 4.0).astype(np.float32)


def _mel_filters(bands: int) -> Floats:
    """The weights of each band: [bands, bins]."""
    bins = np.fft.rfftfreq(_WINDOW, 1.0 / SAMPLE_RATE)
    edges = _hertz(np.linspace(0.0, _mel(SAMPLE_RATE / 2), bands + 2))
    widths = np.diff(edges)
    slopes = edges[:, None] - bins
    rising, falling = -slopes[:-2] / widths[:-1, None], slopes[2:] / widths[1:, None]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return (triangles * (2.0 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)


def _mel(hertz: float) -> float:
    return float(_BREAK_MEL + np.log(hertz / _BREAK_HZ) / _LOG_STEP)


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    above = _BREAK_HZ * np.exp(_LOG_STEP * (mels - _BREAK_MEL))
    return np.where(mels < _BREAK_MEL, mels * _BREAK_HZ / _BREAK_MEL, above)
