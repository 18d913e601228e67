"""What a running platform tells its operator: what listens where, the key, what to try next."""

import json
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.table import Table

from antiphon.cli.console import out
from antiphon.cli.plan import Plan


def print_summary(plan: Plan, key: str, pids: Mapping[str, int | None]) -> None:
    """Print it on standard output.

    Args:
        plan: what runs.
        key: the API key.
        pids: process ids by the names of the processes.
    """
    table = Table("process", "what", "address", "pid", box=None, pad_edge=False)
    for name, what, address in plan.listeners():
        table.add_row(name, what, address, str(pids.get(name) or ""))
    out.print()
    out.print(table)
    out.print(f"\nAPI key: {key}", highlight=False, markup=False, soft_wrap=True)
    out.print("\nTry, in another terminal:")
    for command in examples(plan.url, key):
        out.print(f"  {command}", highlight=False, markup=False, soft_wrap=True)
    out.print("\nServing until Ctrl-C.", style="dim")


def examples(url: str, key: str) -> tuple[str, str, str]:
    """Three commands to paste into a shell: speak, hear, and the bare API."""
    environment = f"ANTIPHON_API_KEY={shlex.quote(key)}"
    # `make up` runs the program of a virtual environment that the shell need not know.
    beside_python = str(Path(sys.executable).with_name("antiphon"))
    antiphon = "antiphon" if shutil.which("antiphon") else shlex.quote(beside_python)
    request = {
        "model_id": "sonic-3",
        "transcript": "Good evening!",
        "voice": {"mode": "id", "id": "heart"},
        "output_format": {"container": "wav", "encoding": "pcm_s16le", "sample_rate": 24000},
    }
    curl = (
        *("curl", "-o", "evening.wav", f"{url}/tts/bytes"),
        *("-H", f"Authorization: Bearer {key}"),
        *("-H", "Cartesia-Version: 2026-03-01"),
        *("-H", "Content-Type: application/json"),
        *("-d", json.dumps(request, separators=(",", ":"))),
    )
    return (
        f"{environment} {antiphon} say 'Good morning!' --output morning.wav --url {url}",
        f"{environment} {antiphon} listen morning.wav --url {url}",
        shlex.join(curl),
    )
