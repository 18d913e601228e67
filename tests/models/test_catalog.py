import re
from pathlib import Path

import pytest

from antiphon.errors import ModelMissing, SettingsError
from antiphon.models.catalog import PACKAGED_CATALOG, Catalog, load_catalog

TOY = """
[[models]]
name = "toy"
kind = "tts"
description = "A toy."
license = "MIT"
default = true

[[models.files]]
name = "toy.onnx"
size = 3
sha256 = "{sha256}"
sources = ["file:///toy.onnx"]
""".format(sha256="0" * 64)


def load(tmp_path: Path, text: str) -> Catalog:
    path = tmp_path / "catalog.toml"
    path.write_text(text)
    return load_catalog(path)


def test_the_packaged_catalog_is_whole() -> None:
    catalog = load_catalog()
    assert set(catalog.defaults) == {"hibari", "moonshine-tiny-en", "silero-vad", "smart-turn-v3"}
    for model in catalog.models:
        assert model.description.endswith(".")
        for file in model.files:
            assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
    digests = re.findall(r'sha256 = "(.*)"', PACKAGED_CATALOG.read_text())
    assert len(digests) == len(set(digests)) == sum(len(model.files) for model in catalog.models)


def test_a_catalog_is_read(tmp_path: Path) -> None:
    model = load(tmp_path, TOY).find("toy")
    assert (model.size, model.file("toy.onnx").sources) == (3, ("file:///toy.onnx",))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('license = "MIT"', 'licence = "MIT"', "licence"),
        ("size = 3", "size = 3\nsice = 4", "sice"),
        ("size = 3", "size = 0", "size"),
        ("0" * 64, "0" * 63, "sha256"),
        ('kind = "tts"', 'kind = "asr"', "kind"),
        ('name = "toy"', 'name = "../toy"', "name"),
        ('name = "toy.onnx"', 'name = "a/b"', "name"),
        ("default = true", "", "default"),
        ('["file:///toy.onnx"]', "[]", "sources"),
        ("file:///toy.onnx", "s3://bucket", "s3://bucket/key"),
        ("file:///toy.onnx", "toy.onnx", "no scheme"),
        ('"file:///toy.onnx"', '["file:///one", "two"]', "'two' has no scheme"),
        ('"file:///toy.onnx"', "[]", "sources"),
        ("[[models]]", "[[models", "not valid"),
    ],
)
def test_a_mistake_in_a_catalog_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in TOY
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, TOY.replace(old, new, 1))
    assert said in str(caught.value)
    assert "catalog.toml" in str(caught.value)


def test_a_name_given_twice_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="'toy' is listed twice"):
        load(tmp_path, TOY + TOY)
    second_file = TOY[TOY.index("[[models.files]]") :]
    with pytest.raises(SettingsError, match=r"'toy.onnx' is listed twice"):
        load(tmp_path, TOY + second_file)


def test_a_catalog_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml: No such file"):
        load_catalog(tmp_path / "nowhere.toml")


def test_an_unknown_name_brings_the_known_ones(tmp_path: Path) -> None:
    catalog = load(tmp_path, TOY)
    with pytest.raises(ModelMissing, match="no model 'toi' in the catalog; it has: toy"):
        catalog.find("toi")
    with pytest.raises(ModelMissing, match=r"no file 'a\.onnx'; it has: toy\.onnx"):
        catalog.find("toy").file("a.onnx")
