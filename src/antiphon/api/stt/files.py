"""A whole audio file, recognised: decoded a second at a time at the pace of the worker that hears it."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import BinaryIO, NoReturn, TypeVar

from antiphon.api.services import RecognitionStream, Services
from antiphon.api.stt.request import RawFormat
from antiphon.api.stt.together import first_of, together
from antiphon.audio.files import decode_file, told_duration
from antiphon.audio.samples import Samples
from antiphon.contract.events import Final
from antiphon.contract.jobs import RecognitionJob
from antiphon.errors import FileTooLarge

RATE_HZ = 16_000

T = TypeVar("T")


PROGRESS_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of a file has been heard, in seconds of its audio; text may follow a little later."""

    heard_s: float


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

    @property
    def language(self) -> str:
        """Code of the language of most of it; empty when nothing was said."""
        letters = Counter[str]()
        for final in self.finals:
            letters[final.language] += len(final.text)
        return max(letters, key=letters.__getitem__, default="")


async def hear_file(
    services: Services,
    job: RecognitionJob,
    blocks: AsyncGenerator[Samples],
    tenant: str,
    *,
    tell: Callable[[Final | Progress], object] = lambda _: None,
) -> HeardFile:
    """Have the blocks of a file recognised; they are taken as the worker takes them in.

    Args:
        services: of the app.
        job: what to do with it.
        blocks: its audio; they are closed.
        tenant: id of the key that asks.
        tell: is told each final as it comes, and how far it is: first when a worker has taken the file, then
            now and then.

    Raises:
        UnsupportedAudio, FileTooLarge: as `decode` raises them; what is no audio takes no place on a worker.
        Overloaded, NoWorker, JobLost, InternalError: it could not be recognised.
    """
    async with aclosing(blocks):
        # Whether this is audio shows in the first block, before it takes anyone's place on a worker.
        first = await anext(blocks)
        async with aclosing(await services.dispatcher.recognize(job, tenant=tenant)) as stream:
            tell(Progress(0.0))
            finals_told = first_of(_collect(stream, tell), _watch(stream, tell))
            duration_s, finals = await together(_feed(stream, first, blocks), finals_told)
    return HeardFile(duration_s, finals)


async def hear_in_steps(
    services: Services, job: RecognitionJob, blocks: AsyncGenerator[Samples], tenant: str
) -> AsyncGenerator[Final | Progress | HeardFile]:
    """All that `hear_file` tells, as it comes, then its result; raises what it raises."""
    told: asyncio.Queue[Final | Progress | None] = asyncio.Queue()
    hearing = asyncio.create_task(hear_file(services, job, blocks, tenant, tell=told.put_nowait))
    hearing.add_done_callback(lambda _: told.put_nowait(None))
    try:
        while (news := await told.get()) is not None:
            yield news
        yield await hearing
    finally:
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)


async def told_length(file: BinaryIO, raw: RawFormat | None, most_s: int) -> float | None:
    """The seconds that a file says it lasts; None where it does not say.

    Raises:
        FileTooLarge: more than ``most_s``.
        UnsupportedAudio: there is no audio in it.
    """
    encoding, sample_rate = (raw.encoding, raw.sample_rate) if raw else (None, None)
    told_s = await _in_thread(lambda: told_duration(file, encoding=encoding, sample_rate=sample_rate))
    if told_s and told_s > most_s:
        raise FileTooLarge(f"The audio lasts {told_s:.0f} seconds; {most_s} are allowed here.")
    return told_s


async def decode(
    file: BinaryIO, raw: RawFormat | None, most_s: int | None, *, rate: int = RATE_HZ
) -> AsyncGenerator[Samples]:
    """Blocks of one second, decoded in a thread so that other streams go on meanwhile.

    Args:
        file: at its first byte; it is not closed.
        raw: the form of headerless samples; None for a file that says its own.
        most_s: seconds it may last; None for whoever stops reading before the end.
        rate: Hz of the samples given.

    Raises:
        FileTooLarge: there are more than ``most_s`` seconds; before the first block where the file says so.
            A small file can hold very many.
        UnsupportedAudio: there is no audio in it.
    """
    if most_s is not None:
        await told_length(file, raw, most_s)
    encoding, sample_rate = (raw.encoding, raw.sample_rate) if raw else (None, None)
    blocks = decode_file(file, target_rate=rate, encoding=encoding, sample_rate=sample_rate)
    seconds = 0.0
    while (block := await _in_thread(lambda: next(blocks, None))) is not None:
        seconds += len(block) / rate
        if most_s is not None and seconds > most_s:
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


async def _collect(stream: RecognitionStream, tell: Callable[[Final], object]) -> list[Final]:
    finals: list[Final] = []
    async for event in stream:
        if isinstance(event, Final):
            tell(event)
            finals.append(event)
    return finals


async def _watch(stream: RecognitionStream, tell: Callable[[Progress], object]) -> NoReturn:
    while True:
        await asyncio.sleep(PROGRESS_EVERY_S)
        tell(Progress(stream.heard_s))


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
