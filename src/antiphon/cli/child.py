"""One run of a child process, which can't outlive this process."""

import asyncio
import contextlib
import ctypes
import os
import signal
from collections.abc import Callable, Mapping, Sequence

_PR_SET_PDEATHSIG = 1  # man 2 prctl
_READ_BYTES = 64 * 1024
_AFTER_EXIT_S = 1.0

_libc = ctypes.CDLL(None, use_errno=True)


class Child:
    """A running process; `spawn` makes it."""

    def __init__(self, process: asyncio.subprocess.Process, take_output: Callable[[bytes], None]) -> None:
        self._process = process
        self._ended = asyncio.create_task(self._follow(take_output))

    @classmethod
    async def spawn(
        cls, argv: Sequence[str], environment: Mapping[str, str], take_output: Callable[[bytes], None]
    ) -> "Child":
        """Start a process in a session of its own, so that the terminal's Ctrl-C does not reach it.

        When this process dies, of whatever cause, the kernel kills the child.

        Args:
            argv: the program and its arguments.
            environment: all of its environment.
            take_output: called with what it prints on stdout and stderr, as it comes.

        Raises:
            OSError: the program can't be started.
        """
        parent = os.getpid()

        def die_with_parent() -> None:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:  # it died before the line above
                os._exit(1)

        process = await asyncio.create_subprocess_exec(
            *argv,
            env=dict(environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        return cls(process, take_output)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def wait(self) -> int:
        """Return its exit status, negative for the signal that killed it, once its output is read."""
        return await asyncio.shield(self._ended)

    async def stop(self, grace_s: float) -> None:
        """Ask it to end (SIGTERM); after ``grace_s`` seconds make it (SIGKILL)."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(grace_s):
                await self.wait()
        except TimeoutError:
            self.kill()
            await self.wait()

    def kill(self) -> None:
        """Kill it and whatever it started."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def _follow(self, take_output: Callable[[bytes], None]) -> int:
        reading = asyncio.create_task(self._read(take_output))
        status = await self._process.wait()
        # A process that it left behind may hold the pipe open.
        await asyncio.wait([reading], timeout=_AFTER_EXIT_S)
        reading.cancel()
        return status

    async def _read(self, take_output: Callable[[bytes], None]) -> None:
        if self._process.stdout is None:
            return
        while output := await self._process.stdout.read(_READ_BYTES):
            take_output(output)


def signal_name(status: int) -> str | None:
    """The signal that a (negative) exit status stands for; None for a program's own exit."""
    if status >= 0:
        return None
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
