"""Models of one's own: recognised, copied, pinned, and pulled again from their catalog."""

import hashlib
import os
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import ModelCorrupt, ModelMissing, SettingsError
from antiphon.models.adding import add
from antiphon.models.catalog import Model, load_catalog
from antiphon.models.families import FAMILIES, MOONSHINE, WHISPER, Family, recognise
from antiphon.models.owncatalog import load_own_catalog, own_catalog_path, write_own_catalog
from antiphon.models.places import Place
from antiphon.models.store import ModelStore, Status

FILES = {"model.bin": os.urandom(200_000), "config.json": b"{}", "vocabulary.json": b"[]"}
LABEL = """
name = "ours"
languages = ["de", "en"]
license = "MIT"
max_window_s = 12.5
alignment_heads = [[3, 5], [4, 1]]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def store(root: Path) -> ModelStore:
    return ModelStore(root)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere" / "mine"
    folder.mkdir(parents=True)
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    (folder / "README.md").write_text("not of the model")
    return folder


def copied(root: Path, name: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (root / name).iterdir() if path.name != ".digests.json"}


def test_a_folder_becomes_a_model_like_the_others(store: ModelStore, root: Path, folder: Path) -> None:
    model = add(store, Place.parse(str(folder)))
    assert (model.name, model.kind, model.license, model.default) == ("mine", "stt", "unstated", False)
    assert copied(root, "mine") == FILES
    again = ModelStore(root)
    assert again.catalog.find("mine") == model
    assert again.status("mine") is Status.PULLED
    (root / "mine" / "model.bin").write_bytes(b"damaged")
    assert again.status("mine") is Status.CORRUPT
    again.pull(["mine"])
    assert copied(root, "mine") == FILES


def test_a_label_tells_what_the_files_do_not(store: ModelStore, folder: Path) -> None:
    (folder / "model.toml").write_text(LABEL)
    model = add(store, Place.parse(folder.as_uri()))
    assert (model.name, model.license) == ("ours", "MIT")
    card = ModelStore(store.root).catalog.find("ours").card
    assert (card.name, card.languages, card.max_window_s) == ("ours", ("de", "en"), 12.5)
    assert card.alignment_heads == ((3, 5), (4, 1))
    assert add(store, Place.parse(folder.as_uri()), "other").name == "other"


def test_a_model_that_lies_in_the_store_is_taken_as_it_is(
    store: ModelStore, root: Path, folder: Path
) -> None:
    root.mkdir()
    folder.rename(root / "mine")
    before = (root / "mine" / "model.bin").stat().st_ino
    add(store, Place.parse(str(root / "mine")))
    assert (root / "mine" / "model.bin").stat().st_ino == before
    assert ModelStore(root).status("mine") is Status.PULLED


def test_what_changed_in_the_source_is_taken_when_it_is_added_again(
    store: ModelStore, root: Path, folder: Path
) -> None:
    add(store, Place.parse(str(folder)))
    (folder / "config.json").write_bytes(b'{"new": 1}')
    (folder / "tokenizer.json").write_bytes(b"{}")
    with_more = add(ModelStore(root), Place.parse(str(folder)))
    assert copied(root, "mine")["config.json"] == b'{"new": 1}'
    assert [file.name for file in with_more.files] == [*FILES, "tokenizer.json"]
    assert len(ModelStore(root).own.models) == 1


def test_sums_beside_the_files_are_held_to(store: ModelStore, folder: Path) -> None:
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()}
    (folder / "SHA256SUMS").write_text("".join(f"{sha256}  ./{name}\n" for name, sha256 in sums.items()))
    add(store, Place.parse(str(folder)), "right")
    (folder / "model.bin").write_bytes(os.urandom(200_000))
    with pytest.raises(
        ModelMissing, match=rf"model\.bin: gave bytes .* not the expected {sums['model.bin']}"
    ):
        add(store, Place.parse(str(folder)), "wrong")
    assert [model.name for model in ModelStore(store.root).own.models] == ["right"]


def test_sums_of_a_model_in_the_store(store: ModelStore, root: Path, folder: Path) -> None:
    root.mkdir()
    folder.rename(root / "mine")
    (root / "mine" / "SHA256SUMS").write_text(f"{'0' * 64} *model.bin\n")
    with pytest.raises(ModelCorrupt, match=r"model\.bin has sha256 .* but 0{64} in SHA256SUMS"):
        add(store, Place.parse(str(root / "mine")))


@pytest.mark.parametrize("in_store", [False, True])
def test_an_empty_file_is_no_part_of_a_model(
    store: ModelStore, root: Path, folder: Path, in_store: bool
) -> None:
    (folder / "tokenizer.json").touch()
    root.mkdir()
    place = folder.rename(root / "mine") if in_store else folder
    with pytest.raises(ModelMissing, match=r"tokenizer\.json is empty"):
        add(store, Place.parse(str(place)))
    assert not ModelStore(root).own.models


def test_a_name_is_one_models_alone(store: ModelStore, folder: Path, tmp_path: Path) -> None:
    place = Place.parse(str(folder))
    with pytest.raises(SettingsError, match="packaged catalog; choose another with --name"):
        add(store, place, "hibari")
    with pytest.raises(SettingsError, match="'a/b' can't name a model"):
        add(store, place, "a/b")
    add(store, place)
    other = folder.rename(tmp_path / "other")
    with pytest.raises(SettingsError, match=r"There is a model 'mine' from .*antiphon models remove mine"):
        add(store, Place.parse(str(other)), "mine")


def test_removal_takes_the_files_and_the_entry(store: ModelStore, root: Path, folder: Path) -> None:
    add(store, Place.parse(str(folder)))
    store.remove("mine")
    assert not (root / "mine").exists()
    assert ModelStore(root).own.models == ()
    with pytest.raises(ModelMissing, match="no model 'mine'"):
        store.remove("mine")
    with pytest.raises(ModelMissing, match="Nothing of the model hibari"):
        store.remove("hibari")
    (root / "hibari").mkdir()
    store.remove("hibari")
    assert not (root / "hibari").exists()


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_family_is_known_by_any_of_its_names(family: Family) -> None:
    for names in ({either[0] for either in family.needs}, {either[-1] for either in family.needs}):
        assert recognise({*names, "README.md"}, "here") is family


@given(st.sampled_from(FAMILIES), st.data())
def test_what_is_lacking_is_named(family: Family, data: st.DataObject) -> None:
    needed = [either[0] for either in family.needs]
    lacking = data.draw(st.lists(st.sampled_from(needed), min_size=1, max_size=len(needed) - 1, unique=True))
    with pytest.raises(ModelMissing) as caught:
        recognise(set(needed) - set(lacking), "here")
    assert str(caught.value).startswith(f"here is no whole {family.name}: it lacks ")
    assert all(name in str(caught.value) for name in lacking)


def test_files_of_no_family_bring_what_would_be_one() -> None:
    with pytest.raises(ModelMissing, match=re.escape("no model in here that can be served")) as caught:
        recognise({"model.safetensors"}, "here")
    assert "encoder_model.ort" in str(caught.value)
    assert "model.bin" in str(caught.value)


def test_the_files_of_a_folder_come_in_the_order_of_the_family(folder: Path) -> None:
    assert [path.name for path in WHISPER.files(folder)] == ["model.bin", "config.json", "vocabulary.json"]
    with pytest.raises(ModelMissing, match=r"There is no .*/mine/encoder_model\.ort"):
        MOONSHINE.files(folder)


@pytest.mark.parametrize("text", ["ftp://host/a", "s3://", "file://host/a"])
def test_a_place_is_a_folder_or_a_prefix(text: str) -> None:
    with pytest.raises(SettingsError, match="give a folder, or"):
        Place.parse(text)


def test_a_place_that_is_not_there(store: ModelStore, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"Can't read file://.*/nowhere: No such file"):
        add(store, Place.parse(str(tmp_path / "nowhere")))


@pytest.mark.parametrize("label", ["langauges = []", "name = '../up'", "= 3"])
def test_a_label_that_is_not_valid_is_named(store: ModelStore, folder: Path, label: str) -> None:
    (folder / "model.toml").write_text(label)
    with pytest.raises(SettingsError, match=r"model\.toml is not valid"):
        add(store, Place.parse(str(folder)))


def test_the_own_catalog_can_not_name_a_packaged_model(root: Path) -> None:
    root.mkdir()
    packaged = load_catalog()
    write_own_catalog(root, packaged.models[:1])
    with pytest.raises(SettingsError, match=r"catalog\.toml has a model 'hibari', as the packaged"):
        load_own_catalog(root, packaged)


TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)


@given(description=TEXTS, licence=TEXTS, languages=st.lists(st.sampled_from(["en", "yue", "sv"]), max_size=2))
def test_the_own_catalog_reads_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, description: str, licence: str, languages: list[str]
) -> None:
    root = tmp_path_factory.mktemp("own")
    packaged = load_catalog()
    models = [
        msgspec.structs.replace(
            model,
            name=f"my-{model.name}",
            description=description,
            license=licence,
            languages=tuple(languages),
        )
        for model in packaged.models
    ]
    write_own_catalog(root, models)
    assert list(load_own_catalog(root, packaged).models) == models
    assert own_catalog_path(root).parent == root
    assert isinstance(models[0], Model)
