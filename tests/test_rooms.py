"""Holds the rooms of docs/architecture.md apart: a room imports only those listed in its row."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "antiphon"

# Beside its row, a room may import itself and the version.
ROOMS: dict[str, set[str]] = {
    "settings": {"errors"},
    "errors": set(),
    "contract": {"errors"},
    "audio": {"errors"},
    "text": {"errors"},
    "telemetry": {"settings", "errors"},
    "speech": {"contract", "audio", "text", "errors"},
    "models": {"audio", "text", "telemetry", "settings", "errors"},
    "engine": {"models", "speech", "contract", "audio", "telemetry", "errors"},
    "bus": {"contract", "telemetry", "settings", "errors"},
    "catalog": {"bus", "models", "contract", "text", "telemetry", "settings", "errors"},
    "loadtest": {"audio", "text", "telemetry", "settings", "errors"},
    "licensing": {"bus", "telemetry", "settings", "errors"},
    "tuning": {"engine", "models", "loadtest", "contract", "audio", "telemetry", "errors"},
    "workers": {
        "engine",
        "models",
        "speech",
        "catalog",
        "bus",
        "audio",
        "text",
        "contract",
        "telemetry",
        "settings",
        "errors",
    },
    "api": {
        "speech",
        "catalog",
        "bus",
        "licensing",
        "audio",
        "text",
        "contract",
        "telemetry",
        "settings",
        "errors",
    },
}
EVERYTHING = {"cli", "__main__"}

# Of some rooms only one module is open to another room.
ONLY: dict[tuple[str, str], str] = {
    ("engine", "models"): "antiphon.models.protocols",
    ("tuning", "models"): "antiphon.models.protocols",
    ("catalog", "models"): "antiphon.models.store",
    ("api", "licensing"): "antiphon.licensing.client",
}


def _room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def _imports(path: Path) -> list[str]:
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            module = node.module or ""
            # `from antiphon.telemetry import metrics` names a module of the room.
            found += [f"{module}.{alias.name}" for alias in node.names] if module == "antiphon" else [module]
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
    return [m for m in found if m.split(".")[0] == "antiphon" and m != "antiphon.__version__"]


def _files() -> list[Path]:
    return [p for p in sorted(SOURCE.rglob("*.py")) if p != SOURCE / "__init__.py"]


@pytest.mark.parametrize("path", _files(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_room_imports_only_the_rooms_of_its_row(path: Path) -> None:
    room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    if room in EVERYTHING:
        return
    for module in _imports(path):
        other = _room(module)
        assert other in ROOMS[room] | {room}, f"{path.name} imports {module}: not in the row of {room}"
        if only := ONLY.get((room, other)):
            assert module.startswith(only), f"{room} may import {only} of {other}, not {module}"


def test_every_room_is_listed() -> None:
    rooms = {p.relative_to(SOURCE).parts[0].removesuffix(".py") for p in _files()}
    assert rooms <= set(ROOMS) | EVERYTHING


def test_the_architecture_lists_every_room() -> None:
    text = (SOURCE.parent.parent / "docs" / "architecture.md").read_text()
    for room in ROOMS:
        assert f"`{room}" in text, f"docs/architecture.md does not name {room}"
