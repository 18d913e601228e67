"""Smart Turn v3 (https://github.com/pipecat-ai/smart-turn): whether a turn is over, by how it was spoken.

It hears the last eight seconds as Whisper does (Radford et al., "Robust Speech Recognition via Large-Scale
Weak Supervision", 2022, section 2.2): log-mel features of windows of 25 ms every 10 ms. What stands before
shorter audio, and how it is brought to one level, is as in pipecat's ``LocalSmartTurnAnalyzerV3``.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from antiphon.models.protocols import Samples
from antiphon.models.sessions import open_session

_FILE = "smart-turn-v3.2-cpu.onnx"

_RATE_HZ = 16_000
_CONTEXT_S = 8.0
_SAMPLES = round(_CONTEXT_S * _RATE_HZ)
_WINDOW, _HOP = 400, 160
_FRAMES = _SAMPLES // _HOP
_MELS = 80

_SPEECHLESS = 1e-7
"""Added to the variance, so that silence stays finite."""
_FLOOR = 1e-10
_RANGE_DECADES = 8.0
"""Nothing is told of what is so much weaker than the loudest."""

_MEL_HZ = 200.0 / 3.0
_LINEAR_HZ = 1000.0
_LINEAR_MELS = _LINEAR_HZ / _MEL_HZ
_LOG_STEP = math.log(6.4) / 27.0


class SmartTurn:
    """Judges the ends of turns. See `TurnModel`."""

    name = "smart-turn-v3"
    sample_rate = _RATE_HZ
    context_s = _CONTEXT_S

    def __init__(self, session: Any) -> None:
        self._session = session

    @classmethod
    def load(cls, folder: Path) -> "SmartTurn":
        """Read ``smart-turn-v3.2-cpu.onnx`` from a folder.

        Raises:
            ModelMissing: it is not there.
            ModelCorrupt: it is not what its name says.
        """
        return cls(open_session(folder / _FILE))

    def step(self, windows: Sequence[Samples]) -> list[float]:
        """How likely the turn is over that each window [n] ends with, 0 to 1; the windows are one batch."""
        if not windows:
            return []
        features = np.stack([log_mel(window) for window in windows])
        [probabilities] = self._session.run(["logits"], {"input_features": features})
        return [float(probability) for probability in probabilities[:, 0]]


def log_mel(samples: Samples) -> NDArray[np.float32]:
    """The features [80, 800] of the last eight seconds of audio at 16 kHz; silence stands before less."""
    audio = np.zeros(_SAMPLES, np.float32)
    last = samples[-_SAMPLES:]
    audio[_SAMPLES - len(last) :] = last
    audio = (audio - audio.mean()) / np.sqrt(audio.var() + _SPEECHLESS)
    padded = np.pad(audio, _WINDOW // 2, mode="reflect")
    windows = sliding_window_view(padded, _WINDOW)[::_HOP][:_FRAMES]
    # All windows that lie in the silence before the audio are alike: one of them tells of all.
    alike = max(0, (_SAMPLES - len(last) - _WINDOW // 2) // _HOP)
    spectrum = np.fft.rfft(windows[alike:] * _HANN, axis=-1)
    mels = (np.square(spectrum.real) + np.square(spectrum.imag)) @ _FILTERS
    levels = np.log10(np.maximum(mels, _FLOOR))
    levels = np.concatenate([np.repeat(levels[:1], alike, axis=0), levels])
    levels = np.maximum(levels, levels.max() - _RANGE_DECADES)
    return np.ascontiguousarray((levels.T + 4.0) / 4.0, np.float32)


def _mel_filters() -> NDArray[np.float32]:
    """Triangles of equal area, [201, 80], even on the scale of Slaney's Auditory Toolbox (1998)."""
    top = _LINEAR_MELS + math.log(_RATE_HZ / 2 / _LINEAR_HZ) / _LOG_STEP
    mels = np.linspace(0.0, top, _MELS + 2)
    corners: NDArray[np.float64] = np.where(
        mels < _LINEAR_MELS, mels * _MEL_HZ, _LINEAR_HZ * np.exp(_LOG_STEP * (mels - _LINEAR_MELS))
    )
    low, middle, high = corners[:-2], corners[1:-1], corners[2:]
    bins = np.linspace(0.0, _RATE_HZ / 2, _WINDOW // 2 + 1)[:, None]
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    return (np.maximum(0.0, np.minimum(rising, falling)) * 2.0 / (high - low)).astype(np.float32)


_HANN = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
_FILTERS = _mel_filters()
