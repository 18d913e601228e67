import re
import tomllib
from pathlib import Path

import pytest

from antiphon.models.catalog import load_catalog

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "dependencies.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DECLARED = [
    re.match(r"[\w-]+", requirement)[0]
    for requirement in [
        *PROJECT["project"]["dependencies"],
        *PROJECT["dependency-groups"]["build"],
        *PROJECT["dependency-groups"]["dev"],
    ]
]


@pytest.mark.parametrize("package", DECLARED)
def test_every_dependency_has_a_licence_and_a_reason(package: str) -> None:
    assert re.search(rf"^\| `{package}` \| [^|]+ \| [^|]+ \|$", PAGE, re.MULTILINE)


def test_nothing_is_listed_that_is_not_there() -> None:
    models = {model.name for model in load_catalog().models}
    assert set(re.findall(r"^\| `([\w-]+)`", PAGE, re.MULTILINE)) == set(DECLARED) | models


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_the_locks_pin_with_hashes_and_name_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text()
    pinned = re.findall(r"^([\w.-]+)==", text, re.MULTILINE)
    assert {re.match(r"[\w-]+", r)[0] for r in PROJECT["project"]["dependencies"]} <= set(pinned)
    assert text.count("--hash=sha256:") >= len(pinned)
    assert "://" not in text
    assert "index" not in text


def test_the_default_install_carries_no_torch() -> None:
    assert not re.search(r"^torch", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
