import math
import threading
import time

from antiphon.engine.cost import Outlook
from antiphon.engine.loop import EngineLoop


class Countdown:
    """Busy for a number of steps; breaks where told to."""

    def __init__(self, steps: int = 0, breaks: bool = False) -> None:
        self.steps = steps
        self.breaks = breaks
        self.threads: set[str] = set()
        self.rest = threading.Event()
        self.patience_s = math.inf
        self.outlook = Outlook(0.0, 0.0, 1)

    @property
    def busy(self) -> bool:
        return self.steps > 0

    def step(self) -> None:
        if self.breaks:
            raise RuntimeError("broken")
        self.threads.add(threading.current_thread().name)
        self.steps -= 1
        time.sleep(0.001)
        if not self.busy:
            self.rest.set()


def test_steps_run_in_the_engines_thread_while_it_is_busy() -> None:
    engine = Countdown()
    loop = EngineLoop(engine, died=lambda: None)
    loop.start()
    loop.submit(lambda: setattr(engine, "steps", 20))
    assert engine.rest.wait(5)
    assert engine.threads == {"engine"}
    loop.stop()


def test_commands_come_between_steps_of_a_busy_engine() -> None:
    engine = Countdown(steps=1_000_000)
    loop = EngineLoop(engine, died=lambda: None)
    loop.start()
    heard = threading.Event()
    loop.submit(heard.set)
    assert heard.wait(5)
    assert engine.busy
    loop.stop()


def test_a_broken_engine_is_told_of() -> None:
    died = threading.Event()
    loop = EngineLoop(Countdown(steps=1, breaks=True), died=died.set)
    loop.start()
    assert died.wait(5)


class Hanging(Countdown):
    """Its one step takes as long as it is made to."""

    def __init__(self) -> None:
        super().__init__(steps=1)
        self.patience_s = 0.01
        self.began = threading.Event()
        self.go_on = threading.Event()

    def step(self) -> None:
        self.began.set()
        self.go_on.wait()
        super().step()


def test_a_step_beyond_the_engines_patience_is_seen_from_outside() -> None:
    engine = Hanging()
    loop = EngineLoop(engine, died=lambda: None)
    loop.start()
    assert engine.began.wait(5)
    while not loop.overdue_s:
        time.sleep(0.001)
    engine.go_on.set()
    assert engine.rest.wait(5)
    loop.stop()
    assert loop.overdue_s == 0
