"""A whole audio file, recognised: decoded a second at a time at the pace of the worker that hears it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import BinaryIO, TypeVar

from antiphon.api.services import RecognitionStream, Services
from antiphon.api.stt.request import RawFormat
from antiphon.api.stt.together import together
from antiphon.audio.files import decode_file
from antiphon.audio.samples import Samples
from antiphon.contract.events import Final
from antiphon.contract.jobs import RecognitionJob
from antiphon.errors import FileTooLarge

RATE_HZ = 16_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HeardFile:
    """What was said in a file.

    Attributes:
        duration_s: of its audio.
        finals: the text in order, to be joined verbatim.
    """

    duration_s: float
    finals: Sequence[Final]

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(final.text for final in self.finals).strip()


async def hear_file(
    services: Services,
    job: RecognitionJob,
    blocks: AsyncGenerator[Samples],
    tenant: str,
    *,
    tell: Callable[[Final], object] | None = None,
) -> HeardFile:
    """Have the blocks of a file recognised; they are taken as the worker takes them in.

    Args:
        services: of the app.
        job: what to do with it.
        blocks: its audio; they are closed.
        tenant: id of the key that asks.
        tell: is told each final as it comes.

    Raises:
        UnsupportedAudio, FileTooLarge: as `decode` raises them; what is no audio takes no place on a worker.
        Overloaded, NoWorker, JobLost, InternalError: it could not be recognised.
    """
    async with aclosing(blocks):
        # Whether this is audio shows in the first block, before it takes anyone's place on a worker.
        first = await anext(blocks)
        async with aclosing(await services.dispatcher.recognize(job, tenant=tenant)) as stream:
            duration_s, finals = await together(_feed(stream, first, blocks), _collect(stream, tell))
    return HeardFile(duration_s, finals)


async def decode(
    file: BinaryIO, raw: RawFormat | None, most_s: int, *, rate: int = RATE_HZ
) -> AsyncGenerator[Samples]:
    """Blocks of one second, decoded in a thread so that other streams go on meanwhile.

    Args:
        file: at its first byte; it is not closed.
        raw: the form of headerless samples; None for a file that says its own.
        most_s: seconds it may last.
        rate: Hz of the samples given.

    Raises:
        FileTooLarge: there are more than ``most_s`` seconds. A small file can hold very many.
        UnsupportedAudio: there is no audio in it.
    """
    encoding, sample_rate = (raw.encoding, raw.sample_rate) if raw else (None, None)
    blocks = decode_file(file, target_rate=rate, encoding=encoding, sample_rate=sample_rate)
    seconds = 0.0
    while (block := await _in_thread(lambda: next(blocks, None))) is not None:
        seconds += len(block) / rate
        if seconds > most_s:
            raise FileTooLarge(f"The audio lasts longer than the {most_s} seconds that are allowed here.")
        yield block


async def _feed(stream: RecognitionStream, first: Samples, rest: AsyncGenerator[Samples]) -> float:
    """Send everything; the seconds that were sent."""
    await stream.send(first)
    samples = len(first)
    async for block in rest:
        await stream.send(block)
        samples += len(block)
    await stream.end()
    return samples / RATE_HZ


async def _collect(stream: RecognitionStream, tell: Callable[[Final], object] | None) -> list[Final]:
    finals: list[Final] = []
    async for event in stream:
        if isinstance(event, Final):
            if tell:
                tell(event)
            finals.append(event)
    return finals


async def _in_thread(call: Callable[[], T]) -> T:
    """Run in a thread that is waited for even when cancelled: its file must not be closed under it."""
    running = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            with suppress(asyncio.CancelledError):  # once more
                await asyncio.wait([running])
        await asyncio.gather(running, return_exceptions=True)
        raise
