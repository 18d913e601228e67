"""Several clients at once, and what each of them has to get."""

import asyncio

from support.clients import Heard, fetch, hear, recording, speak
from support.words import normalise

SPOKEN = [
    " ".join(f"This is sentence {number} of listener {who}, and it takes a moment." for number in range(6))
    for who in ("one", "two", "three")
]
RECORDED = {"011_jfk": 2.5, "002_ps-librivox": 1.25}
"""How much faster than in real time each recording is sent: they last as long as the speech."""

Everything = list[tuple[bytes, list[str]]]
"""Samples and words of each client."""


class Crowd:
    """Three listeners and two talkers, all at once."""

    def __init__(self, url: str) -> None:
        self.heard = [Heard() for _ in (*SPOKEN, *RECORDED)]
        heard = iter(self.heard)
        work = [
            client(url, text, next(heard)) for client, text in zip((fetch, speak, speak), SPOKEN, strict=True)
        ]
        work += [hear(url, recording(name), next(heard), speed=speed) for name, speed in RECORDED.items()]
        self.tasks = [asyncio.create_task(each) for each in work]

    async def begun(self) -> None:
        """Return once all are in the middle of their stream."""
        await asyncio.gather(*(each.begun.wait() for each in self.heard))
        assert not any(task.done() for task in self.tasks), "over too early to be disturbed"

    async def all_of_it(self) -> Everything:
        results = await asyncio.gather(*self.tasks)
        return [(audio, normalise(" ".join(words)).split()) for audio, words in results]
