from collections.abc import Iterator

import pytest

from support.pair import Pair, pair_of_workers


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with pair_of_workers(tmp_path_factory.mktemp("pair")) as it:
        yield it
