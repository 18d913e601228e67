"""Far more requests than a platform can serve: what becomes of those it takes, of the others, and after."""

import asyncio
from dataclasses import dataclass
from typing import Any

from antiphon.loadtest.loads import closed_loop, open_loop
from antiphon.loadtest.percentiles import Spread
from antiphon.loadtest.speech import WebSocketClient
from antiphon.loadtest.summary import TTFA_GOAL_S, Summary, summarise
from antiphon.loadtest.target import Target

SOCKETS = 16
CAPACITY_CLIENTS = 16
CAPACITY_S = 15.0
AFTER_SHARE = 0.8
"""The load falls back to this share of the capacity."""

AFTER_S = 8.0
RECOVERED_S = 2.0
"""Within this time everything is to be as if nothing had been."""


@dataclass(frozen=True)
class Overload:
    """What was measured.

    Attributes:
        capacity: the most it serves: clients who ask again at once.
        capacity_rps: the same in requests a second.
        meanwhile: the overload.
        after: of the requests due in the first seconds after it, how many were answered within the TTFA goal
            and without a gap, how many at all, how many there were.
        after_ttfa: of those answered.
    """

    capacity: Summary
    capacity_rps: float
    meanwhile: Summary
    after: tuple[int, int, int]
    after_ttfa: Spread


async def overload(url: str, key: str, *, factor: float, duration_s: float) -> Overload:
    """Measure the capacity, then load the platform with ``factor`` times as much, then with less than it."""
    client = WebSocketClient(Target(url, key), SOCKETS)
    await closed_loop(client, concurrency=4, duration_s=3)
    full = await closed_loop(client, concurrency=CAPACITY_CLIENTS, duration_s=CAPACITY_S)
    capacity = summarise(full)
    served = [request.audio_s for request in full.requests if request.error is None]
    capacity_rps = capacity.audio_per_s * len(served) / sum(served)
    await asyncio.sleep(2)
    flood = asyncio.create_task(open_loop(client, rps=factor * capacity_rps, duration_s=duration_s))
    await asyncio.sleep(duration_s)
    following = await open_loop(client, rps=AFTER_SHARE * capacity_rps, duration_s=AFTER_S, seed=2)
    meanwhile = summarise(await flood)
    await client.aclose()
    soon = [request for request in following.requests if request.due_s <= RECOVERED_S]
    answered = [request for request in soon if request.error is None]
    good = [r for r in answered if (r.audible_s or 0.0) <= TTFA_GOAL_S and not r.underruns]
    ttfa = Spread.of(request.audible_s or 0.0 for request in answered)
    return Overload(capacity, capacity_rps, meanwhile, (len(good), len(answered), len(soon)), ttfa)


def table(found: Overload, factor: float) -> str:
    """The same for people; times in milliseconds, p50 / p95 / p99."""
    capacity, meanwhile = found.capacity, found.meanwhile
    rows: list[tuple[str, Any]] = [
        ("capacity, requests a second", f"{found.capacity_rps:.1f}"),
        ("capacity, seconds of audio a second", f"{capacity.audio_per_s:.0f}"),
        (f"audio a second at {factor:g} × capacity", f"{meanwhile.audio_per_s:.0f}"),
        ("share of the capacity", f"{meanwhile.audio_per_s / capacity.audio_per_s:.2f}"),
        (
            "requests / served / refused",
            f"{meanwhile.requests} / {meanwhile.completed} / {meanwhile.refused}",
        ),
        ("other errors", meanwhile.errors or "none"),
        ("underruns of those served", meanwhile.underruns),
        ("silence heard in all, s", f"{meanwhile.silence_s:.2f}"),
        ("TTFA of those served", _ms(meanwhile.ttfa)),
        ("refused after", _ms(meanwhile.refusal)),
        (
            f"good / answered / asked in the {RECOVERED_S:g} s after, at {AFTER_SHARE:g} × capacity",
            " / ".join(map(str, found.after)),
        ),
        ("TTFA of these", _ms(found.after_ttfa)),
        ("generator late p95, ms", f"{1000 * meanwhile.generator_late_s:.1f}"),
    ]
    return "\n".join(["| what | figure |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def _ms(spread: Spread) -> str:
    return " / ".join("–" if v is None else f"{1000 * v:.0f}" for v in (spread.p50, spread.p95, spread.p99))
