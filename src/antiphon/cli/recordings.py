"""Which recordings a command line means, and where the transcript of each goes."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from antiphon.errors import OperatorError

SUFFIXES = (
    *(".aac", ".flac", ".m4a", ".mka", ".mp2", ".mp3", ".oga", ".ogg", ".opus", ".wav"),
    *(".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ts", ".webm"),
)
"""What is taken from a folder; a file that is named may have any name."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A file to hear.

    Attributes:
        path: of it.
        name: it, as people are told of it: as it was given, or as it lies in the folder that was given.
        target: the file for its transcript; None for standard output.
    """

    path: Path
    name: str
    target: Path | None

    @property
    def done(self) -> bool:
        """Whether its transcript is there already."""
        return self.target is not None and self.target.exists()


def find_recordings(given: Sequence[Path], output: str | None, suffix: str) -> list[Recording]:
    """What to hear, in the order of the command line, folders by name.

    With a folder as ``output`` each transcript lies in it as its recording lies in the folder that was given.
    Of two recordings that differ in their suffix alone, each keeps it: ``a.mp3.srt``, ``a.wav.srt``.

    Args:
        given: files and folders.
        output: a file for a single recording, a folder for several (or one, if it ends with a slash or is
            there); None for standard output.
        suffix: of transcripts.

    Raises:
        OperatorError: a path is not there, a folder holds no recordings, several recordings for one file.
    """
    found = [pair for path in given for pair in _found(path)]
    if output is None:
        return [Recording(path, str(path), None) for path, _ in found]
    folder = Path(output)
    if len(found) == 1 and not given[0].is_dir() and not folder.is_dir() and not output.endswith(os.sep):
        return [Recording(found[0][0], str(found[0][0]), folder)]
    if folder.is_file():
        raise OperatorError(f"--output {output} is a file, and there are several recordings: name a folder.")
    stems = Counter(inner.with_suffix("") for _, inner in found)
    targets = [
        folder / (inner.with_suffix(suffix) if stems[inner.with_suffix("")] == 1 else f"{inner}{suffix}")
        for _, inner in found
    ]
    twice = [target for target, count in Counter(targets).items() if count > 1]
    if twice:
        raise OperatorError(f"Two recordings would both be written to {twice[0]}: give them apart.")
    return [Recording(path, str(inner), target) for (path, inner), target in zip(found, targets, strict=True)]


def _found(given: Path) -> Iterator[tuple[Path, Path]]:
    """Paths of recordings, each with its path inside the folder that was given."""
    if not given.exists():
        raise OperatorError(f"Can't read {given}: No such file or directory.")
    if not given.is_dir():
        yield given, Path(given.name)
        return
    inside = sorted(
        path
        for path in given.rglob("*")
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
    )
    if not inside:
        raise OperatorError(f"{given} holds no recordings ({' '.join(SUFFIXES)}).")
    yield from ((path, path.relative_to(given)) for path in inside)
