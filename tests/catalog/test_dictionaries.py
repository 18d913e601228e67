from pathlib import Path

import pytest

from antiphon.catalog.dictionaries import Changes, Dictionaries, Item
from antiphon.catalog.store import local_store
from antiphon.errors import NotFound


async def test_a_dictionary_outlives_the_server(tmp_path: Path) -> None:
    with local_store(tmp_path) as store:
        made = await Dictionaries(store).create(name="n", items=[Item("nginx", "engine x")], owner="key")
        newer = await Dictionaries(store).create(name="m", items=[], owner="key")
    with local_store(tmp_path) as store:
        kept = Dictionaries(store)
        assert kept.get(made.id) == made
        assert await kept.list() == (newer, made)


async def test_only_what_is_given_is_changed(tmp_path: Path) -> None:
    with local_store(tmp_path) as store:
        dictionaries = Dictionaries(store)
        made = await dictionaries.create(name="n", items=[Item("a", "b")], owner="key", description="d")
        renamed = await dictionaries.change(made.id, Changes(name="m", pinned=True))
        assert (renamed.name, renamed.items, renamed.pinned) == ("m", made.items, True)
        emptied = await dictionaries.change(made.id, Changes(items=()))
        assert (emptied.name, emptied.items, emptied.description) == ("m", (), "d")
        assert dictionaries.get(made.id) == emptied


async def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    with local_store(tmp_path) as store:
        dictionaries = Dictionaries(store)
        made = await dictionaries.create(name="n", items=[], owner="key")
        await dictionaries.delete(made.id)
        for name in (made.id, "no-such-dictionary"):
            with pytest.raises(NotFound):
                dictionaries.get(name)
            with pytest.raises(NotFound):
                await dictionaries.change(name, Changes(name="x"))
            with pytest.raises(NotFound):
                await dictionaries.delete(name)
