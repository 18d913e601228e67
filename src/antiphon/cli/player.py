"""Sound out: a program that plays samples from a pipe while they come in.

macOS's afplay is not among them: it wants a whole file.
"""

import queue
import shutil
import subprocess
import threading
from contextlib import suppress
from typing import IO

from antiphon.audio.containers import wav_header
from antiphon.errors import OperatorError

_RAW_PLAYERS = {
    "paplay": "--raw --format=s16le --channels=1 --rate={rate}",
    "aplay": "-q -t raw -f S16_LE -c 1 -r {rate} -",
    "pw-play": "--raw --format s16 --channels 1 --rate {rate} -",
}
# Its options for raw samples changed between releases; a WAV header it always understood.
_WAV_PLAYERS = {"ffplay": "-nodisp -autoexit -loglevel error -i pipe:0"}

_ADVICE = "To write a file instead: antiphon say -o speech.wav …"


class Player:
    """Plays pcm_s16le; audio may come in faster than it is heard, and waits in memory.

    Args:
        sample_rate: in Hz.

    Raises:
        OperatorError: there is no such program here.
    """

    def __init__(self, sample_rate: int) -> None:
        self._name = next(filter(shutil.which, [*_RAW_PLAYERS, *_WAV_PLAYERS]), "")
        if not self._name:
            programs = ", ".join([*_RAW_PLAYERS, *_WAV_PLAYERS])
            raise OperatorError(f"Nothing here can play sound (none of {programs}). {_ADVICE}")
        options = (_RAW_PLAYERS | _WAV_PLAYERS)[self._name].format(rate=sample_rate)
        self._process = subprocess.Popen(  # noqa: S603 - a program from the table above
            [self._name, *options.split()],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self._waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        if self._name in _WAV_PLAYERS:
            self._waiting.put(wav_header("pcm_s16le", sample_rate))
        assert self._process.stdin  # noqa: S101 - it was asked for
        self._feeder = threading.Thread(target=self._feed, args=(self._process.stdin,), daemon=True)
        self._feeder.start()

    def write(self, pcm: bytes) -> None:
        """Play this after what was written before.

        Raises:
            OperatorError: the player gave up.
        """
        if self._process.poll() is not None:
            self.close()
        elif pcm:
            self._waiting.put(pcm)

    def close(self) -> None:
        """Wait until everything has been heard.

        Raises:
            OperatorError: the player gave up.
        """
        self._waiting.put(b"")
        self._feeder.join()
        assert self._process.stderr  # noqa: S101 - it was asked for
        complaint = self._process.stderr.read().decode(errors="replace").strip()
        if self._process.wait() != 0:
            why = complaint.splitlines()[-1] if complaint else f"exit status {self._process.returncode}"
            raise OperatorError(f"{self._name} can't play here: {why}. {_ADVICE}")

    def stop(self) -> None:
        """Be silent at once; in any case to be called last."""
        self._process.kill()
        self._process.wait()
        assert self._process.stderr  # noqa: S101 - it was asked for
        self._process.stderr.close()

    def _feed(self, pipe: IO[bytes]) -> None:
        with suppress(BrokenPipeError), pipe:
            while pcm := self._waiting.get():
                pipe.write(pcm)
                pipe.flush()
