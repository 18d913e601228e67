import asyncio
import time

import pytest

from antiphon.loadtest.effort import Effort, Meter


async def test_a_loop_that_is_held_up_is_late() -> None:
    meter = Meter()
    for _ in range(3):
        await asyncio.sleep(0.001)
        time.sleep(0.08)  # noqa: ASYNC251 - that is what is measured
    await asyncio.sleep(0.06)
    effort = meter.effort()
    assert effort.late_p95_s > 0.02
    assert not effort.reliable
    assert effort.wall_s > 0.15


async def test_work_is_counted_as_processor_time() -> None:
    meter = Meter()
    began = time.process_time()
    while time.process_time() < began + 0.05:
        pass
    effort = meter.effort()
    assert effort.cpu_s >= 0.05
    assert 0 < effort.cpu_share <= effort.cpu_s / effort.wall_s * 1.001


@pytest.mark.parametrize(("late_s", "reliable"), [(0.0, True), (0.005, True), (0.0051, False)])
def test_five_milliseconds_are_the_border(late_s: float, reliable: bool) -> None:
    assert Effort(0.0, 0.0, late_s).reliable == reliable
    assert Effort(0.0, 0.0, late_s).cpu_share == 0.0
