"""Keeps child processes running: starts them, waits until they are ready, mends those that die, stops all."""

import asyncio
import signal
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

import httpx

from antiphon.cli.child import Child, signal_name
from antiphon.cli.childlog import ChildLog
from antiphon.errors import OperatorError

_POLL_S = 0.05
_ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A process to keep running.

    Attributes:
        name: for people, and of its log file.
        argv: the program and its arguments.
        environment: all of its environment.
        ready_url: answers 200 once it is ready, and anything else with a body that says why not.
        grace_s: how long it may take to end after SIGTERM before it is killed.
    """

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    ready_url: str
    grace_s: float


class State(StrEnum):
    """Where a service stands."""

    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    STOPPED = "stopped"


class Backoff:
    """How long to wait before the next start: twice as long each time, until a run was long and healthy.

    Args:
        first_s: the first wait.
        longest_s: no wait is longer.
        healthy_s: a run that was ready for this long makes the next wait the first again.
    """

    def __init__(self, first_s: float = 0.5, longest_s: float = 30.0, healthy_s: float = 60.0) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._healthy_s = healthy_s
        self._next_s = first_s

    def wait_after(self, ready_s: float) -> float:
        """Seconds to wait after a run that was ready for ``ready_s`` seconds."""
        if ready_s >= self._healthy_s:
            self._next_s = self._first_s
        wait_s = self._next_s
        self._next_s = min(2 * wait_s, self._longest_s)
        return wait_s


class Keeper:
    """Keeps one service running. An end before it was ever ready is an error, a later one is mended."""

    def __init__(
        self, service: Service, log: ChildLog, client: httpx.AsyncClient, tell: Callable[[str], None]
    ) -> None:
        self.service = service
        self.state = State.STARTING
        self.detail = ""
        """Why it is not ready yet, in its own words."""
        self._log = log
        self._client = client
        self._tell = tell
        self._child: Child | None = None
        self._backoff = Backoff()
        self._been_ready = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task = asyncio.create_task(self._keep(), name=f"keeper of {service.name}")

    @property
    def pid(self) -> int | None:
        """Process id of the current run."""
        return self._child.pid if self._child else None

    async def ready(self) -> None:
        """Return once it has been ready.

        Raises:
            OperatorError: it ended before that.
        """
        waiting = asyncio.create_task(self._been_ready.wait())
        try:
            await asyncio.wait([waiting, self._task], return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if not self._been_ready.is_set():
            await self.watch()

    async def watch(self) -> None:
        """Return when it was stopped; raise what went wrong in keeping it."""
        await asyncio.shield(self._task)

    async def stop(self) -> None:
        """Stop it and keep it stopped."""
        self._stopping.set()
        if self._child:
            await self._child.stop(self.service.grace_s)
        await asyncio.wait([self._task])
        self.state = State.STOPPED
        self._log.close()

    def kill(self) -> None:
        """Kill it at once and keep it dead; `stop` then has nothing to wait for."""
        self._stopping.set()
        if self._child:
            self._child.kill()

    async def _keep(self) -> None:
        while True:
            ending, ready_s = await self._run()
            if self._stopping.is_set():
                return
            ended = f"{self.service.name} {ending}."
            if not self._been_ready.is_set():
                raise OperatorError(f"{ended}\nIts log: {self._log.path}")
            self.state = State.RESTARTING
            wait_s = self._backoff.wait_after(ready_s)
            self._tell(f"{ended} Starting it again in {wait_s:g} s. Its log: {self._log.path}")
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._stopping.wait()
                    return

    async def _run(self) -> tuple[str, float]:
        """Run it once; return how it ended and for how many seconds it was ready."""
        clock = asyncio.get_running_loop().time
        self._log.forget()
        try:
            child = await Child.spawn(self.service.argv, self.service.environment, self._log.write)
        except OSError as error:
            return f"can't be started: {self.service.argv[0]}: {error.strerror}", 0.0
        self._child = child
        if self._stopping.is_set():  # since before there was a child to stop
            child.kill()
        probing = asyncio.create_task(self._probe())
        try:
            status = await child.wait()
        finally:
            probing.cancel()
            self._child = None
        ready_s = clock() - probing.result() if probing.done() else 0.0
        return self._describe(status), ready_s

    def _describe(self, status: int) -> str:
        killer = signal_name(status)
        if killer:
            return f"was killed by {killer}"
        words = self._log.last_words().rstrip(".")
        return f"exited with status {status}" + (f": {words}" if words else "")

    async def _probe(self) -> float:
        """Ask until it is ready; return when that was."""
        while True:
            try:
                answer = await self._client.get(self.service.ready_url)
            except httpx.TransportError:
                pass  # it does not listen yet
            else:
                if answer.is_success:
                    break
                self.detail = answer.text.strip()
            await asyncio.sleep(_POLL_S)
        self.detail = ""
        self.state = State.READY
        if self._been_ready.is_set():
            self._tell(f"{self.service.name} is ready again.")
        self._been_ready.set()
        return asyncio.get_running_loop().time()


class Supervisor:
    """Services in the order of their start.

    Args:
        log_dir: folder of the log files, one a service.
        tell: called with each line a person should read: warnings, ends and restarts of services.
    """

    def __init__(self, log_dir: Path, tell: Callable[[str], None]) -> None:
        self._log_dir = log_dir
        self._tell = tell
        # Probes stay on this host: no proxy of the environment may see them.
        self._client = httpx.AsyncClient(trust_env=False, timeout=2.0)
        self._groups: list[list[Keeper]] = []
        self._quiet = False

    @property
    def keepers(self) -> list[Keeper]:
        """All services, in the order of their start."""
        return [keeper for group in self._groups for keeper in group]

    def start(self, *services: Service) -> None:
        """Start services side by side; they are also stopped side by side, after all that started later.

        Raises:
            StorageError: a log file can't be written.
        """
        group: list[Keeper] = []
        self._groups.append(group)
        for service in services:
            alarm = partial(self._alarm, service.name)
            log = ChildLog(self._log_dir / f"{service.name}.log", alarm)
            group.append(Keeper(service, log, self._client, self._tell))

    async def ready(self, timeout_s: float) -> None:
        """Return once every service has been ready.

        Raises:
            OperatorError: one ended before that, or is not ready after ``timeout_s`` seconds.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.gather(*(keeper.ready() for keeper in self.keepers))
        except TimeoutError:
            late = (keeper for keeper in self.keepers if keeper.state is not State.READY)
            reasons = ", ".join(f"{keeper.service.name} ({keeper.detail or 'no answer'})" for keeper in late)
            raise OperatorError(
                f"Not ready after {timeout_s:g} s: {reasons}. The logs are in {self._log_dir}."
            ) from None

    async def watch(self) -> None:
        """Return when all services were stopped; raise what went wrong in keeping them."""
        await asyncio.gather(*(keeper.watch() for keeper in self.keepers))

    async def stop(self) -> None:
        """Stop the services, those started last first."""
        self._quiet = True
        for group in reversed(self._groups):
            await asyncio.gather(*(keeper.stop() for keeper in group))
        await self._client.aclose()

    def kill(self) -> None:
        """Kill every service at once, for when `stop` takes too long."""
        for keeper in self.keepers:
            keeper.kill()

    def _alarm(self, name: str, line: str) -> None:
        if not self._quiet:  # every stop brings warnings of lost connections
            self._tell(f"{name}: {line}")


@asynccontextmanager
async def supervised(log_dir: Path, tell: Callable[[str], None]) -> AsyncGenerator[Supervisor, None]:
    """A `Supervisor` whose services end with the block, and a block that SIGINT, SIGTERM and SIGHUP end.

    A second signal, or one while the services are being stopped, kills them at once.

    Args:
        log_dir: see `Supervisor`.
        tell: see `Supervisor`.
    """
    loop = asyncio.get_running_loop()
    block = asyncio.current_task()
    supervisor = Supervisor(log_dir, tell)
    ending = False
    signalled = False

    def on_signal() -> None:
        nonlocal ending, signalled
        if ending or block is None:
            supervisor.kill()
        else:
            ending = signalled = True
            block.cancel()
            tell("Stopping. A second Ctrl-C does not wait for what still runs.")

    for number in _ENDING_SIGNALS:
        loop.add_signal_handler(number, on_signal)
    try:
        yield supervisor
    except asyncio.CancelledError:
        if not signalled or block is None or block.uncancel() > 0:
            raise
    finally:
        ending = True
        await supervisor.stop()
        for number in _ENDING_SIGNALS:
            loop.remove_signal_handler(number)
