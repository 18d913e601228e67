"""The thread that runs an engine, so that the bus answers while the model runs."""

import queue
import threading
import time
from collections.abc import Callable
from typing import Protocol

from antiphon.engine.cost import Outlook
from antiphon.telemetry.logs import get_logger

_log = get_logger(__name__)

Command = Callable[[], None]


class Engine(Protocol):
    """What the loop needs of an engine.

    Attributes:
        patience_s: how long the step that runs now may take before something must be wrong with it.
        outlook: what a new job may expect.
    """

    patience_s: float
    outlook: Outlook

    @property
    def busy(self) -> bool:
        """Whether a step would do anything."""
        ...

    def step(self) -> None:
        """Run the model once."""
        ...


class EngineLoop:
    """Runs an engine's steps in one thread, and commands to it between them.

    Args:
        engine: what to run.
        died: called from the thread when a step raised what the engine does not handle: the process is of no
            further use.
    """

    def __init__(self, engine: Engine, *, died: Callable[[], None]) -> None:
        self._engine = engine
        self._died = died
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._stopping = False
        self._step_began: float | None = None
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    @property
    def overdue_s(self) -> float:
        """Seconds the running step is beyond the engine's patience; may be asked from any thread."""
        began = self._step_began
        return 0.0 if began is None else max(0.0, time.monotonic() - began - self._engine.patience_s)

    def submit(self, command: Command) -> None:
        """Run a command between two steps; may be called from any thread."""
        self._commands.put(command)

    def stop(self) -> None:
        """Stop after the current step and wait for it."""
        self.submit(self._stop)
        self._thread.join(timeout=5)

    def _stop(self) -> None:
        self._stopping = True

    def _run(self) -> None:
        try:
            while not self._stopping:
                if self._engine.busy:
                    self._drain()
                    if not self._stopping:
                        self._step()
                else:
                    self._commands.get()()
        except Exception:
            _log.exception("engine_died")
            self._died()

    def _step(self) -> None:
        self._step_began = time.monotonic()
        self._engine.step()
        self._step_began = None

    def _drain(self) -> None:
        while True:
            try:
                self._commands.get_nowait()()
            except queue.Empty:
                return
