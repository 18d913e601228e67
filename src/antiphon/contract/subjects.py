"""Subject names. ``kind`` is ``tts`` or ``stt``; ids are letters, digits and dashes (no dots, no blanks)."""

from typing import Literal

Kind = Literal["tts", "stt"]

ROOT = "antiphon.v1"

ALL_WORKER_PRESENCE = f"{ROOT}.presence.*.*"
ALL_API_PRESENCE = f"{ROOT}.alive.*"


def worker_presence(kind: Kind, worker: str) -> str:
    """Worker → every API server: on each change and every 250 ms."""
    return f"{ROOT}.presence.{kind}.{worker}"


def api_presence(api: str) -> str:
    """API server → every worker: a heartbeat; the jobs of a silent API server are dropped."""
    return f"{ROOT}.alive.{api}"


def offer(kind: Kind, worker: str) -> str:
    """API → one worker, request with reply: a job, accepted or refused at once."""
    return f"{ROOT}.job.{kind}.{worker}"


def probe(kind: Kind, worker: str) -> str:
    """API → one worker, request with reply: whether it is there, and its model comes back from its steps."""
    return f"{ROOT}.probe.{kind}.{worker}"


def job_input(kind: Kind, worker: str, job: str) -> str:
    """API → worker while the job runs: audio, finalize, credits, cancel, resend."""
    return f"{ROOT}.in.{kind}.{worker}.{job}"


def output(api: str) -> str:
    """Worker → API server: the events of all its jobs."""
    return f"{ROOT}.out.{api}"
