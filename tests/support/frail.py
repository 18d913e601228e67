"""``python -m support.frail tts``: a worker whose model tests can hold or slow down from outside.

CHAOS_HOLD names a file: while it exists, the model does not come back from the step it is in, which is how a
worker looks whose accelerator hangs. CHAOS_PACE makes the model take that many seconds for a second of audio,
asleep: streams last long enough to be disturbed in their middle, and the machine stays free.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from antiphon.models import registry
from antiphon.models.protocols import Transcript

LOOK_EVERY_S = 0.01


class Frail:
    """A model, with what can happen to it.

    Args:
        model: the real one.
        hold: while this file exists, nothing comes back.
        pace: seconds that a second of audio takes at least.
    """

    def __init__(self, model: Any, hold: Path, pace: float) -> None:
        self._model = model
        self._hold = hold
        self._pace = pace

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def step(self, *arguments: Any, **named: Any) -> Any:
        """The step of either kind of model."""
        while self._hold.exists():
            time.sleep(LOOK_EVERY_S)
        began = time.monotonic()
        results = self._model.step(*arguments, **named)
        if self._pace:
            audio = arguments[1] if isinstance(results[0], Transcript) else results
            least_s = self._pace * max(map(len, audio)) / self._model.sample_rate
            time.sleep(max(0.0, began + least_s - time.monotonic()))
        return results


def frail(load: Callable[..., Any]) -> Callable[..., Any]:
    """A loader whose models are frail."""
    hold, pace = Path(os.environ["CHAOS_HOLD"]), float(os.environ["CHAOS_PACE"])
    return lambda *arguments: Frail(load(*arguments), hold, pace)


def main() -> None:
    """Run `antiphon worker` with frail models."""
    registry.load_tts = frail(registry.load_tts)
    registry.load_stt = frail(registry.load_stt)
    from antiphon.cli.worker import app

    app()


if __name__ == "__main__":
    main()
