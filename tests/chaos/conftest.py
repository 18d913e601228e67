import asyncio
from collections.abc import Iterator

import pytest

from support.crowd import SPOKEN, Crowd, Everything
from support.pair import Pair, pair_of_workers


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with pair_of_workers(tmp_path_factory.mktemp("pair")) as it:
        yield it


@pytest.fixture(scope="session")
def undisturbed(pair: Pair) -> Everything:
    """What the crowd gets when nothing happens."""

    async def run() -> Everything:
        return await Crowd(pair.platform.url).all_of_it()

    everything = asyncio.run(run())
    assert all(len(audio) > 10 * 24_000 * 4 for audio, _ in everything[: len(SPOKEN)])
    assert "your country can do for you" in " ".join(everything[len(SPOKEN)][1])
    return everything
