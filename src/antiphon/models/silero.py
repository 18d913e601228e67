from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from antiphon.models.protocols import Samples
from antiphon.models.sessions import open_session

_FILE = "silero_vad_op18_ifless.onnx"
_CONTEXT = 64
_RECURRENT = 2 * 128


class SileroVAD:
    """Silero's voice activity detector (https://github.com/snakers4/silero-vad). See `VAD`.

    The network sees each frame after the last 64 samples of the one before it. So the state of a stream is
    [64 + 2 · 128]: those samples, then the recurrent state.
    """

    sample_rate = 16_000
    frame_samples = 512

    def __init__(self, session: Any) -> None:
        self._session = session
        self._rate = np.array(self.sample_rate, np.int64)

    @classmethod
    def load(cls, folder: Path) -> "SileroVAD":
        """Read ``silero_vad_op18_ifless.onnx`` from a folder.

        Raises:
            ModelMissing: it is not there.
            ModelCorrupt: it is not what its name says.
        """
        return cls(open_session(folder / _FILE))

    def initial_state(self) -> NDArray[np.float32]:
        """State of a stream that has heard nothing, [320]."""
        return np.zeros(_CONTEXT + _RECURRENT, np.float32)

    def step(
        self, frames: Sequence[Samples], states: Sequence[NDArray[np.float32]]
    ) -> list[tuple[float, NDArray[np.float32]]]:
        """Probability of speech in one next frame [512] of each stream, with the stream's new state [320]."""
        if not frames:
            return []
        batch, state = np.stack(frames), np.stack(states)
        recurrent = state[:, _CONTEXT:].reshape(-1, 2, 128).transpose(1, 0, 2)
        probabilities, after = self._session.run(
            ["output", "stateN"],
            {
                "input": np.concatenate([state[:, :_CONTEXT], batch], axis=1),
                "state": np.ascontiguousarray(recurrent),
                "sr": self._rate,
            },
        )
        remembered = after.transpose(1, 0, 2).reshape(-1, _RECURRENT)
        states_after = np.concatenate([batch[:, -_CONTEXT:], remembered], axis=1)
        return [(float(p), s) for p, s in zip(probabilities[:, 0], states_after, strict=True)]
