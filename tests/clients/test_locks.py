"""The environments of clients are pinned, and name no place to have them from."""

import json
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.parametrize("lock", sorted(HERE.glob("*/requirements.lock")), ids=lambda path: path.parent.name)
def test_packages_of_python(lock: Path) -> None:
    wanted = re.findall(r"^([\w.-]+)\S*?==(\S+)", (lock.parent / "requirements.in").read_text(), re.MULTILINE)
    text = lock.read_text()
    assert wanted
    for name, version in wanted:
        assert re.search(rf"^{name}\S*=={re.escape(version)} ", text, re.MULTILINE)
    pinned = re.findall(r"^[\w.-]+(?:\[\w+\])?==", text, re.MULTILINE)
    assert text.count("--hash=sha256:") >= len(pinned)
    assert "://" not in text
    assert "index" not in text


@pytest.mark.parametrize("lock", sorted(HERE.glob("*/package-lock.json")), ids=lambda path: path.parent.name)
def test_packages_of_node(lock: Path) -> None:
    packages = json.loads(lock.read_text())["packages"]
    wanted = json.loads((lock.parent / "package.json").read_text())["dependencies"]
    assert packages[""]["dependencies"] == wanted
    installed = [package for path, package in packages.items() if path]
    assert len(installed) >= len(wanted)
    assert all(package["integrity"].startswith("sha512-") for package in installed)
    assert not any("resolved" in package for package in installed)
