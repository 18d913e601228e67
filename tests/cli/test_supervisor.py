import asyncio
import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.cli.supervisor import Backoff, Service, State, Supervisor
from antiphon.errors import OperatorError

# Answers every GET with 200, or with 503 and its third argument for as long as the file of that name exists.
CHILD = """
import http.server, os, signal, sys
port, temper, blocker = int(sys.argv[1]), sys.argv[2], sys.argv[3]
if temper == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if os.path.exists(blocker) else 200)
        self.end_headers()
        self.wfile.write(b"loading" if os.path.exists(blocker) else b"ready")
    def log_message(self, *_):
        pass
print("2026-11-22T10:00:00Z [warning  ] low on coal", flush=True)
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


def _service(
    name: str = "child", temper: str = "meek", blocker: str = "/none", grace_s: float = 5
) -> Service:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return Service(
        name=name,
        argv=(sys.executable, "-S", "-c", CHILD, str(port), temper, blocker),
        environment=os.environ,
        ready_url=f"http://127.0.0.1:{port}/readyz",
        grace_s=grace_s,
    )


def _dying(name: str, code: str) -> Service:
    return Service(
        name=name,
        argv=(sys.executable, "-S", "-c", code),
        environment=os.environ,
        ready_url="http://127.0.0.1:1/",
        grace_s=5,
    )


def _alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
async def supervisor(tmp_path: Path, told: list[str]) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(tmp_path / "logs", told.append)
    yield supervisor
    supervisor.kill()
    await supervisor.stop()


async def test_services_start_become_ready_and_stop(supervisor: Supervisor, told: list[str]) -> None:
    supervisor.start(_service("one"), _service("other"))
    await supervisor.ready(timeout_s=20)
    pids = [keeper.pid for keeper in supervisor.keepers]
    assert [keeper.state for keeper in supervisor.keepers] == [State.READY, State.READY]
    assert all(pid is not None and _alive(pid) and os.getsid(pid) == pid for pid in pids)
    await supervisor.stop()
    assert not any(_alive(pid) for pid in pids if pid)
    assert {keeper.state for keeper in supervisor.keepers} == {State.STOPPED}
    assert sorted(told) == [
        f"{name}: 2026-11-22T10:00:00Z [warning  ] low on coal" for name in ("one", "other")
    ]


async def test_a_killed_child_is_started_again_and_said_so(
    supervisor: Supervisor, told: list[str], tmp_path: Path
) -> None:
    supervisor.start(_service())
    await supervisor.ready(timeout_s=20)
    (keeper,) = supervisor.keepers
    first = keeper.pid
    assert first
    os.kill(first, signal.SIGKILL)
    await _until(lambda: "child is ready again." in told)
    assert keeper.pid not in {None, first}
    ended = next(line for line in told if "SIGKILL" in line)
    assert ended.startswith("child was killed by SIGKILL")
    assert "again in 0.5 s" in ended
    assert str(tmp_path / "logs" / "child.log") in ended


async def test_an_end_before_ready_is_an_error_with_the_last_words_and_the_log(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    code = "import sys; print('Error: The model x is not pulled.'); print('bye'); sys.exit(3)"
    supervisor.start(_service("fine"), _dying("worker", code))
    with pytest.raises(OperatorError) as caught:
        await supervisor.ready(timeout_s=20)
    log = tmp_path / "logs" / "worker.log"
    assert str(caught.value) == f"worker exited with status 3: The model x is not pulled.\nIts log: {log}"
    assert log.read_text().endswith("bye\n")


async def test_a_traceback_is_told_by_its_last_line(supervisor: Supervisor) -> None:
    supervisor.start(_dying("worker", "[][1]"))
    with pytest.raises(OperatorError, match="exited with status 1: IndexError: list index out of range"):
        await supervisor.ready(timeout_s=20)


async def test_the_nats_server_s_fatal_line_is_understood(supervisor: Supervisor) -> None:
    code = "print('[7] 2026/11/22 10:28:23.48 [FTL] no room'); exit(1)"
    supervisor.start(_dying("nats", code))
    with pytest.raises(OperatorError, match="nats exited with status 1: no room"):
        await supervisor.ready(timeout_s=20)


async def test_a_program_that_is_not_there_is_named(supervisor: Supervisor) -> None:
    supervisor.start(
        Service(name="x", argv=("/no/such",), environment={}, ready_url="http://127.0.0.1:1/", grace_s=1)
    )
    with pytest.raises(OperatorError, match=r"x can't be started: /no/such: No such file or directory"):
        await supervisor.ready(timeout_s=20)


async def test_what_is_not_ready_in_time_is_named_with_its_own_reason(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    blocker = tmp_path / "blocker"
    blocker.touch()
    supervisor.start(_service("fine"))
    await supervisor.ready(timeout_s=20)
    supervisor.start(_service("slow", blocker=str(blocker)))
    (_, slow) = supervisor.keepers
    await _until(lambda: bool(slow.detail))
    with pytest.raises(OperatorError, match=r"Not ready after 0.1 s: slow \(loading\)\."):
        await supervisor.ready(timeout_s=0.1)


async def test_a_stubborn_child_is_killed_after_its_grace(supervisor: Supervisor) -> None:
    supervisor.start(_service(temper="stubborn", grace_s=0.2))
    await supervisor.ready(timeout_s=20)
    pid = supervisor.keepers[0].pid
    await supervisor.stop()
    assert pid
    assert not _alive(pid)


async def test_a_service_that_waits_for_its_restart_stops_at_once(
    supervisor: Supervisor, told: list[str]
) -> None:
    supervisor.start(_service())
    await supervisor.ready(timeout_s=20)
    (keeper,) = supervisor.keepers
    keeper._backoff = Backoff(first_s=1000, longest_s=1000)
    assert keeper.pid
    os.kill(keeper.pid, signal.SIGKILL)
    await _until(lambda: keeper.state is State.RESTARTING)
    async with asyncio.timeout(20):
        await supervisor.stop()
    assert keeper.state is State.STOPPED


async def test_stopping_goes_backwards_by_groups(supervisor: Supervisor) -> None:
    supervisor.start(_service("first"))
    await supervisor.ready(timeout_s=20)
    supervisor.start(_service("last", temper="stubborn", grace_s=1000))
    await supervisor.ready(timeout_s=20)
    first, last = supervisor.keepers
    stopping = asyncio.create_task(supervisor.stop())
    await asyncio.sleep(0.3)
    assert first.pid
    assert last.pid
    last.kill()
    await stopping
    assert {first.state, last.state} == {State.STOPPED}


async def test_the_log_of_the_last_start_is_kept(tmp_path: Path) -> None:
    for word in ("old", "new"):
        supervisor = Supervisor(tmp_path, lambda _: None)
        supervisor.start(_dying("x", f"print('{word}')"))
        with pytest.raises(OperatorError):
            await supervisor.ready(timeout_s=20)
        await supervisor.stop()
    assert (tmp_path / "x.log").read_text() == "new\n"
    assert (tmp_path / "x.log.1").read_text() == "old\n"


@given(st.lists(st.floats(0, 1000), max_size=30))
def test_backoff_doubles_up_to_its_longest_and_begins_anew_after_health(runs: list[float]) -> None:
    backoff = Backoff(first_s=0.5, longest_s=30, healthy_s=60)
    expected = 0.5
    for ready_s in runs:
        if ready_s >= 60:
            expected = 0.5
        assert backoff.wait_after(ready_s) == expected
        expected = min(30, expected * 2)


# Runs a supervisor of its own: prints its children's pids, then waits for signals.
PROGRAM = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_supervisor import _service
from antiphon.cli.supervisor import supervised
from antiphon.cli.up import _tell

async def main():
    async with supervised(Path(sys.argv[2]), _tell) as supervisor:
        supervisor.start(_service("nats"))
        supervisor.start(_service("api", temper=sys.argv[3], grace_s=1000))
        await supervisor.ready(20)
        print("pids", *(keeper.pid for keeper in supervisor.keepers), flush=True)
        await supervisor.watch()
        print("unreachable")
    print("stopped", flush=True)

if sys.argv[4] == "uvloop":
    import uvloop
    uvloop.run(main())
else:
    asyncio.run(main())
"""


def _program(
    tmp_path: Path, temper: str, loop: str, stderr: int | None = None
) -> tuple[subprocess.Popen[str], list[int]]:
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(Path(__file__).parent), str(tmp_path), temper, loop],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        start_new_session=True,
    )
    assert program.stdout
    for line in program.stdout:
        if line.startswith("pids "):
            return program, [int(pid) for pid in line.split()[1:]]
    raise AssertionError("it ended before its services were ready")


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
async def test_no_child_outlives_a_supervisor_that_is_killed(tmp_path: Path, loop: str) -> None:
    program, pids = _program(tmp_path, "stubborn", loop)
    with program:
        program.kill()
        await _until(lambda: not any(map(_alive, pids)))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_all_children(tmp_path: Path, number: signal.Signals) -> None:
    program, pids = _program(tmp_path, "meek", "uvloop")
    with program:
        os.killpg(program.pid, number)  # as the terminal does
        out, _ = program.communicate(timeout=20)
    assert program.returncode == 0
    assert out.splitlines()[-1] == "stopped"
    assert "unreachable" not in out
    assert not any(map(_alive, pids))


def test_a_terminal_that_closes_stops_all_children(tmp_path: Path) -> None:
    terminal, stderr = pty.openpty()
    program, pids = _program(tmp_path, "meek", "uvloop", stderr)
    with program:
        os.close(stderr)
        os.close(terminal)
        os.killpg(program.pid, signal.SIGHUP)
        out, _ = program.communicate(timeout=20)
    assert out.splitlines()[-1] == "stopped"
    assert not any(map(_alive, pids))


def test_a_second_signal_kills_what_is_left(tmp_path: Path) -> None:
    program, pids = _program(tmp_path, "stubborn", "uvloop")
    with program:
        os.killpg(program.pid, signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            program.wait(timeout=0.5)
        os.killpg(program.pid, signal.SIGINT)
        out, _ = program.communicate(timeout=20)
    assert program.returncode == 0
    assert out.splitlines()[-1] == "stopped"
    assert not any(map(_alive, pids))
