"""How soon the end of a turn is noticed, and how often a hesitation is taken for it.

Into each recording of a manifest (of 12 s at most) a pause is put between two words, at least two from either
end: 0.4, 0.8, 1.2 or 1.6 s of noise like that of the recording's own quietest place; and four seconds of it
behind. The stream goes through the engine of a worker (voice activity, turn model, recogniser) and `Turns`,
in this process; the clock counts the processor time of the thread and jumps while there is nothing to do, so
that latencies are those of a core of its own. What the engine tells is kept, and turns are made of it in
several ways:

- silence: the turn ends after a fixed silence;
- text: by silence and text, as where a worker has no turn model (`antiphon.speech.pauses.fading`);
- sound: with the turn model too (`antiphon.speech.pauses.lasting`), with several thresholds.

Latency: from the last sound of speech to ``turn.end``, of recordings whose text is a whole sentence. Cut: a
turn ended in the pause. Half of the texts tune (``--fit`` fits the weights of `antiphon.speech.pauses` to
them), the others test; the same text by another voice is in the same half.

Run: python bench/speech_pool.py, then python bench/stt_turns.py --manifest ~/.cache/antiphon/pool/pool.jsonl
"""

import argparse
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.audio.encodings import decode
from antiphon.contract.events import Ending, Event, Final, Partial, Voice
from antiphon.contract.jobs import AudioIn, RecognitionJob
from antiphon.engine.cost import Limits
from antiphon.engine.hearing import HearingEngine
from antiphon.loadtest.manifest import Clip, read_manifest
from antiphon.loadtest.percentiles import Spread
from antiphon.loadtest.recordings import ENCODING, RATE
from antiphon.models.protocols import VAD, Samples, STTModel, TurnModel
from antiphon.models.registry import load_stt, load_turn, load_vad
from antiphon.models.store import ModelStore
from antiphon.settings import load_settings
from antiphon.speech import pauses
from antiphon.speech.pauses import Pause, fading, lasting
from antiphon.speech.turns import TurnEagerEnd, TurnEnd, Turns, TurnSettings

PAUSES_S = (0.4, 0.8, 1.2, 1.6)
LEAD_S, TAIL_S = 0.3, 4.0
LONGEST_S = 12.0
PIECE = 640
SOFT_S = 0.3
"""The last of a word may be too soft to be heard: a turn may end so much before it."""
FADE = 80
"""Samples (5 ms) over which speech fades into the noise of a pause."""
PAUSE_S, HESITATION_S = 0.32, 0.5
"""As in `antiphon.api.stt.turns`."""


@dataclass(frozen=True)
class Case:
    """A stream: a recording with a pause put in.

    Attributes:
        pause_s: its length; it begins at ``pause_at_s`` of the stream.
        end_s: where the last sound of speech ends.
        whole: whether the text is a whole sentence.
    """

    clip: Clip
    audio: Samples
    pause_s: float
    pause_at_s: float
    end_s: float
    whole: bool

    @property
    def tunes(self) -> bool:
        """Whether it is of the half that the weights were fitted to."""
        return zlib.crc32(self.clip.text.casefold().encode()) % 2 == 0


@dataclass(frozen=True)
class Told:
    """What an engine told, and when: seconds since the stream began."""

    at_s: float
    event: Event


@dataclass(frozen=True)
class Way:
    """A way to make turns of what was told."""

    name: str
    sounds: bool
    likelihood: Callable[[Pause], float]
    settings: TurnSettings


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--synthetic", type=int, default=40, help="how many synthetic recordings, at most")
    parser.add_argument(
        "--fit", action="store_true", help="fit the weights to the tuning half, and print them"
    )
    parser.add_argument("--pauses", type=int, default=4, help="pauses of how many lengths a recording gets")
    options = parser.parse_args()
    settings = load_settings()
    store = ModelStore(settings.models_dir)
    model, vad, turns = load_stt(settings.stt_model, store), load_vad(store), load_turn(store)
    clips = _chosen(read_manifest(options.manifest), options.synthetic)
    cases = list(_cases(clips, model, options.pauses))
    told = {
        sounds: [hear(case, model, vad, turns if sounds else None) for case in cases]
        for sounds in (True, False)
    }
    print(f"{len(cases)} streams of {len(clips)} recordings")
    for group in sorted({clip.group for clip in clips}):
        for half in (True, False):
            rows = [i for i, c in enumerate(cases) if c.clip.group == group and c.tunes == half]
            print(f"\n{group}, {'tuning' if half else 'test'} half: {len(rows)} streams")
            print("way                     end p50   p95 ms  eager p50   cut at 0.4   0.8   1.2   1.6   all")
            for way in WAYS:
                print(_row(way, [(cases[i], told[way.sounds][i]) for i in rows]), flush=True)
    if options.fit:
        fit([(case, heard) for case, heard in zip(cases, told[True], strict=True) if case.tunes])


def _chosen(clips: Sequence[Clip], synthetic: int) -> list[Clip]:
    """All recordings of people, and each synthetic text once, by voices in turn."""
    clips = [clip for clip in clips if clip.seconds <= LONGEST_S]
    people = [clip for clip in clips if clip.group != "synthetic"]
    texts: dict[str, list[Clip]] = {}
    for clip in clips:
        if clip.group == "synthetic":
            texts.setdefault(clip.text, []).append(clip)
    return people + [same[i % len(same)] for i, same in enumerate(texts.values())][:synthetic]


# -- the streams


def _cases(clips: Sequence[Clip], model: STTModel[Any], pauses_each: int) -> Iterator[Case]:
    random = np.random.default_rng(0)
    lengths = cycle(PAUSES_S)
    for clip in clips:
        speech = decode(clip.pcm, ENCODING)
        [heard] = model.step([model.start()], [speech], word_timestamps=[True])
        gaps = range(2, len(heard.words) - 1)
        for pause_s in [next(lengths) for _ in range(pauses_each)] if gaps else []:
            gap = int(random.choice(gaps))
            at = _quietest(speech, heard.words[gap - 1].end, heard.words[gap].start)
            room = _room(speech, random)
            parts = [
                room(LEAD_S),
                _faded(speech[:at]),
                room(pause_s),
                _faded(speech[at : round(clip.end_s * RATE)]),
            ]
            yield Case(
                clip,
                np.concatenate([*parts, room(TAIL_S)]),
                pause_s,
                LEAD_S + at / RATE,
                LEAD_S + pause_s + clip.end_s,
                clip.text.rstrip("\"'”’").endswith((".", "?", "!")),
            )


def _quietest(speech: Samples, before: int, after: int) -> int:
    """Where to cut between two words: the quietest 20 ms between them, their times being inexact."""
    first, last = min(before, after) - 640, max(before, after) + 640
    starts = range(max(first, 0), min(last, len(speech) - 320), 40)
    return min(starts, key=lambda i: float(np.sum(np.square(speech[i : i + 320])))) + 160


def _room(speech: Samples, random: np.random.Generator) -> Callable[[float], Samples]:
    """Makes noise with the spectrum of the quietest 100 ms that are not digital silence."""
    windows = speech[: len(speech) // 1600 * 1600].reshape(-1, 1600)
    power = np.mean(np.square(windows), axis=1)
    quiet = windows[int(np.argmin(np.where(power > 1e-9, power, np.inf)))]
    shape = np.abs(np.fft.rfft(quiet * np.hanning(1600))) / np.sqrt(np.sum(np.square(np.hanning(1600))))

    def noise(seconds: float) -> Samples:
        count = round(seconds * RATE)
        white = random.normal(size=count + 1600)
        filtered = np.convolve(white, np.fft.fftshift(np.fft.irfft(shape)), "same")
        return filtered[800 : 800 + count].astype(np.float32)

    return noise


def _faded(speech: Samples) -> Samples:
    ramp = np.linspace(0.0, 1.0, FADE, dtype=np.float32)
    faded = speech.copy()
    if len(faded) >= 2 * FADE:
        faded[:FADE] *= ramp
        faded[-FADE:] *= ramp[::-1]
    return faded


# -- the worker


def hear(case: Case, model: STTModel[Any], vad: VAD, turns: TurnModel | None) -> list[Told]:
    """What a worker tells of the stream, sent in pieces of 40 ms as they would be spoken."""
    told: list[Told] = []
    ahead_s = -time.thread_time()
    sent = 0

    def clock() -> float:
        return time.thread_time() + ahead_s

    def emit(event: Event) -> None:
        told.append(Told(clock(), event))

    engine = HearingEngine(
        model, vad, limits=Limits(8), emit=emit, released=lambda _: None, turns=turns, clock=clock
    )
    engine.add(
        RecognitionJob(
            job="a",
            api="",
            model=model.name,
            language="en",
            max_silence_s=PAUSE_S,
            hesitation_s=HESITATION_S,
            voice_activity=True,
        )
    )
    while sent * PIECE < len(case.audio):
        due_s = (sent + 1) * PIECE / RATE
        if clock() < due_s and engine.busy:
            engine.step()
            continue
        ahead_s += max(0.0, due_s - clock())
        engine.tell("a", AudioIn(0, sent, case.audio[sent * PIECE : (sent + 1) * PIECE].tobytes()))
        sent += 1
    while engine.busy:
        engine.step()
    return told


# -- the turns


def take(turns: Turns, event: Event) -> list[Any]:
    """Tell the turns of an event; the events that it leads to."""
    return turns.take(event) if isinstance(event, Voice | Ending | Partial | Final) else []


def _row(way: Way, rows: Sequence[tuple[Case, list[Told]]]) -> str:
    ends: list[float] = []
    eager: list[float] = []
    cuts: dict[float, list[bool]] = {pause_s: [] for pause_s in PAUSES_S}
    for case, told in rows:
        turns = Turns(way.settings, pause_s=HESITATION_S, likelihood=way.likelihood)
        events = [(t.at_s, event) for t in told for event in take(turns, t.event)]
        cuts[case.pause_s].append(
            any(isinstance(e, TurnEnd) and case.pause_at_s < at_s < case.end_s for at_s, e in events)
        )
        if case.whole:
            late = [(at_s - case.end_s, e) for at_s, e in events if at_s >= case.end_s - SOFT_S]
            ends += [next((s for s, e in late if isinstance(e, TurnEnd)), TAIL_S)]
            eager += [next((s for s, e in late if isinstance(e, TurnEnd | TurnEagerEnd)), TAIL_S)]
    end, first = Spread.of(ends), Spread.of(eager)
    shares = [f"{np.mean(cuts[p]):6.1%}" if cuts[p] else "     -" for p in PAUSES_S]
    everything = np.mean([cut for found in cuts.values() for cut in found])
    figures = f"{_ms(end.p50):>7} {_ms(end.p95):>8} {_ms(first.p50):>10}"
    return f"{way.name:22} {figures}       {''.join(shares)} {everything:6.1%}"


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{1000 * seconds:.0f}"


def _after(silence_s: float) -> Callable[[Pause], float]:
    return lambda pause: float(pause.silence_s < silence_s)


DEFAULTS = TurnSettings()
WAYS = (
    *(Way(f"silence {s:g} s", False, _after(s), DEFAULTS) for s in (0.35, 0.7, 1.0, 1.7)),
    Way("text", False, fading, DEFAULTS),
    Way("sound", True, lasting, DEFAULTS),
    *(Way(f"sound, end {e:g}", True, lasting, replace(DEFAULTS, end=e)) for e in (0.05, 0.1, 0.3)),
    Way("sound, end 0.5", True, lasting, TurnSettings(eager_end=0.6, end=0.5)),
)


# -- the weights


def fit(rows: Sequence[tuple[Case, list[Told]]]) -> None:
    """Print the weights of `antiphon.speech.pauses` that tell best the pauses put in from the ends."""
    features: list[list[float]] = []
    finished: list[bool] = []
    for case, told in rows:
        for at_s, pause in _pauses(told):
            inside = case.pause_at_s < at_s < case.pause_at_s + case.pause_s + 0.3
            if inside or (case.whole and at_s > case.end_s):
                features.append(pauses.evidence(pause))
                finished.append(not inside)
    x, y = np.array(features), np.array(finished, float)
    weights = np.zeros(x.shape[1])
    ridge = np.eye(len(weights)) * 0.5
    for _ in range(100):  # Newton's method for logistic regression
        p = 1.0 / (1.0 + np.exp(-x @ weights))
        hessian = (x.T * (p * (1.0 - p))) @ x + ridge
        weights += np.linalg.solve(hessian, x.T @ (y - p) - ridge @ weights)
    print(
        f"\nweights by {int(y.sum())} ends and {int((1 - y).sum())} pauses: {np.round(weights, 2).tolist()}"
    )


def _pauses(told: Sequence[Told]) -> Iterator[tuple[float, Pause]]:
    """Each pause as it was first judged, and when."""
    judged: list[Pause] = []

    def watch(pause: Pause) -> float:
        judged.append(pause)
        return 1.0

    turns = Turns(TurnSettings(end_timeout_s=11.2), pause_s=HESITATION_S, likelihood=watch)
    last_s = 0.0
    for heard in told:
        before = len(judged)
        take(turns, heard.event)
        for pause in judged[before:]:
            if pause.silence_s <= last_s or not last_s:
                yield heard.at_s, pause
            last_s = pause.silence_s


if __name__ == "__main__":
    main()
