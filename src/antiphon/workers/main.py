"""The process of a worker: load the model, join the bus, leave it on SIGTERM."""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable
from typing import Any, cast
from uuid import uuid4

import uvloop

from antiphon import __version__
from antiphon.bus.connection import connect
from antiphon.contract.events import Event
from antiphon.contract.jobs import Job
from antiphon.contract.presence import Presence
from antiphon.contract.subjects import Kind
from antiphon.engine.cost import Limits
from antiphon.engine.learning import learn
from antiphon.engine.speaking import SpeakingEngine
from antiphon.errors import ModelMissing
from antiphon.models.protocols import VAD, STTModel, TTSModel, TurnModel
from antiphon.models.registry import load_stt, load_tts, load_turn, load_vad
from antiphon.models.store import ModelStore
from antiphon.settings import Settings
from antiphon.telemetry.health import Readiness, serve_health
from antiphon.telemetry.logs import configure_logging, get_logger
from antiphon.workers.worker import JobEngine, MakeEngine, Worker

LOCK_WAIT_S = 0.0002

AUTO_BATCH = 64
"""Rows beyond this have brought no throughput on any hardware yet; how many pay is the policy's business."""

_log = get_logger(__name__)


def run(kind: Kind, settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        OperatorError: the model is missing, a port is taken, NATS does not answer.
    """
    configure_logging(settings.log_level, settings.log_format)
    store = ModelStore(settings.models_dir)
    if kind == "tts":
        voice_model = load_tts(settings.tts_model, store)
        offering, make_engine = _tts(voice_model, settings)
    else:
        heard = load_stt(settings.stt_model, store)
        offering, make_engine = _stt(heard, load_vad(store), _turn_model(store), settings)
    if not uvloop.run(_serve(offering, make_engine, settings)):
        sys.exit(1)


def _tts(model: TTSModel[Any], settings: Settings) -> tuple[Presence, MakeEngine]:
    costs = learn(model)
    limits = _limits(settings)

    def make_engine(emit: Callable[[Event], None], released: Callable[[Job], None]) -> JobEngine:
        return cast(
            "JobEngine", SpeakingEngine(model, limits=limits, emit=emit, released=released, costs=costs)
        )

    offering = _presence("tts", model.name, model.languages, model.digest, voices=model.voices)
    return offering, make_engine


def _turn_model(store: ModelStore) -> TurnModel | None:
    """What judges pauses by their sound; where it was not pulled, turns end by silence and text."""
    try:
        return load_turn(store)
    except ModelMissing as error:
        _log.warning("pauses_not_judged", reason=str(error))
        return None


def _stt(
    model: STTModel[Any], vad: VAD, turns: TurnModel | None, settings: Settings
) -> tuple[Presence, MakeEngine]:
    from antiphon.engine.hearing import HearingEngine
    from antiphon.engine.listening import learn_hearing

    costs = learn_hearing(model, vad)
    limits = _limits(settings)

    def make_engine(emit: Callable[[Event], None], released: Callable[[Job], None]) -> JobEngine:
        return cast(
            "JobEngine",
            HearingEngine(model, vad, limits=limits, emit=emit, released=released, turns=turns, costs=costs),
        )

    offering = _presence("stt", model.name, model.languages, model.digest, keyterms=model.takes_keyterms)
    return offering, make_engine


def _limits(settings: Settings) -> Limits:
    return Limits(
        batch_size=AUTO_BATCH if settings.batch_size == "auto" else settings.batch_size,
        max_streams=None if settings.max_streams == "auto" else settings.max_streams,
    )


def _presence(
    kind: Kind,
    model: str,
    languages: tuple[str, ...],
    digest: str,
    *,
    voices: tuple[str, ...] = (),
    keyterms: bool = False,
) -> Presence:
    return Presence(
        worker=uuid4().hex,
        kind=kind,
        model=model,
        languages=languages,
        voices=voices,
        keyterms=keyterms,
        version=__version__,
        digest=digest,
    )


async def _serve(offering: Presence, make_engine: MakeEngine, settings: Settings) -> bool:
    """Serve until told to stop (True) or until the engine dies (False)."""
    readiness = Readiness("joining the bus")
    async with serve_health(readiness, settings.metrics_host, settings.metrics_port):
        client = await connect(settings.nats_url, f"worker-{offering.kind}-{offering.worker[:8]}")
        worker = Worker(client, offering, make_engine)
        _prepare_interpreter()
        await worker.start()
        readiness.set_ready()
        _log.info("worker_ready", kind=offering.kind, model=offering.model, worker=offering.worker)
        told = await _stopped_or_died(worker)
        readiness.set_unready("leaving")
        await worker.stop(settings.shutdown_grace_s if told else 0)
    return told


def _prepare_interpreter() -> None:
    """Keep the two threads out of each other's way.

    The engine's thread holds the interpreter lock between two runs of the model; by default the bus's thread
    would wait up to 5 ms for it, with a chunk in its hands. And what is loaded by now stays: a full garbage
    collection would walk through all of it in the middle of a stream.
    """
    sys.setswitchinterval(LOCK_WAIT_S)
    gc.collect()
    gc.freeze()


async def _stopped_or_died(worker: Worker) -> bool:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    waiting = [asyncio.ensure_future(stop.wait()), asyncio.ensure_future(worker.wait_died())]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    return stop.is_set()
