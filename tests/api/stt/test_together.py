import asyncio
from contextlib import suppress
from typing import Any, Never

import pytest

from antiphon.api.stt import together as module
from antiphon.api.stt.together import first_of, together
from antiphon.errors import JobLost


async def value(result: object) -> object:
    return result


async def forever(stopped: list) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        stopped.append(True)


async def failing() -> Never:
    raise JobLost("gone")


async def test_together_gives_both() -> None:
    assert await together(value(1), value("b")) == (1, "b")


async def test_together_raises_the_failure_itself_and_stops_the_other() -> None:
    stopped = []
    with pytest.raises(JobLost):
        await together(forever(stopped), failing())
    assert stopped


async def test_the_first_to_end_stops_the_other() -> None:
    stopped = []
    assert await first_of(forever(stopped), value(7)) == 7
    assert stopped
    with pytest.raises(JobLost):
        await first_of(failing(), forever(stopped))
    assert len(stopped) == 2


@pytest.mark.parametrize("both", [together, first_of])
async def test_cancelling_stops_both(both: Any) -> None:
    stopped = []
    task = asyncio.create_task(both(forever(stopped), forever(stopped)))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(stopped) == 2


async def deaf(stopped: list) -> None:
    """Loses its first cancellation, as `asyncio.wait_for` can in Python 3.11."""
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    await forever(stopped)


async def test_a_cancellation_that_gets_lost_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CANCEL_AGAIN_S", 0.01)
    stopped = []
    assert await first_of(deaf(stopped), value(7)) == 7
    assert stopped
