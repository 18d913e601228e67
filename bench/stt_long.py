"""Long files: how well they are heard, how fast, in how much memory, and what live streams lose beside them.

Engine and models in this process, no server. Four parts:

- each recording as one file, against its text (FILE.txt beside FILE.wav): word error rate, and the words
  lost, doubled or wrong within four words of a place where the engine cut it;
- the recordings of people in a manifest joined to one file without a pause to cut at, against each of them
  alone;
- the recordings over and over to so many minutes, with each number of rows a step: seconds of processor
  time for a second of audio, and how the memory of the process grows;
- live streams alone, then beside one file and two: the time from finalize to the final text.

Run: python bench/stt_long.py RECORDING… --manifest pool.jsonl --minutes 60 --rows 1,4,8 --streams 4
Time: three minutes with `--minutes 6 --seconds 20`; `--minutes 0` and `--streams 0` leave parts out.
"""

import argparse
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.audio.encodings import decode
from antiphon.audio.files import decode_file
from antiphon.contract.events import Done, Event, Failed, Final, Heard
from antiphon.contract.jobs import AudioIn, EndOfAudio, RecognitionJob
from antiphon.engine.cost import Limits
from antiphon.engine.hearing import HearingEngine
from antiphon.loadtest.manifest import read_manifest
from antiphon.loadtest.plainwords import plain_words
from antiphon.loadtest.wordrate import WordErrors, word_errors
from antiphon.models.protocols import VAD, Samples, STTModel
from antiphon.models.registry import load_stt, load_vad
from antiphon.models.store import ModelStore
from antiphon.settings import load_settings
from antiphon.tuning.recognition import hear

RATE = 16_000
FILE_PAUSE_S = 2.0
AHEAD_S = 30.0
NEAR_A_CUT = 4
JOIN_GAP_S = 0.2
CUT_GAP_S = 0.5
"""Finals nearer than this were one utterance, which the engine cut."""


@dataclass
class Listening:
    """A file heard by an engine of its own."""

    finals: list[Final] = field(default_factory=list)
    taken_s: float = 0.0
    busy_s: float = 0.0
    over: bool = False

    def take(self, event: Event) -> None:
        """An event of the engine's."""
        match event:
            case Final():
                self.finals.append(event)
            case Heard():
                self.taken_s = event.audio_s
            case Done():
                self.over = True
            case Failed():
                raise RuntimeError(event.message)
            case _:
                pass


def listen(model: STTModel[Any], vad: VAD, blocks: Iterator[Samples], rows: int, *, words: bool) -> Listening:
    """Hear blocks of a second, as many ahead as an API server sends."""
    heard = Listening()
    engine = HearingEngine(model, vad, limits=Limits(rows), emit=heard.take, released=lambda _: None)
    job = RecognitionJob(
        job="file",
        api="",
        model=model.name,
        language=model.languages[0],
        partials=False,
        word_timestamps=words,
        max_silence_s=FILE_PAUSE_S,
    )
    engine.add(job)
    sent = 0
    ended = False
    while not heard.over:
        while not ended and sent - heard.taken_s < AHEAD_S:
            block = next(blocks, None)
            ended = block is None
            engine.tell("file", EndOfAudio(0, sent) if block is None else AudioIn(0, sent, block.tobytes()))
            sent += 1
        began = time.thread_time()
        engine.step()
        heard.busy_s += time.thread_time() - began
    return heard


def errors_at_cuts(said: str, finals: list[Final]) -> tuple[int, int]:
    """Cuts inside utterances, and edits within `NEAR_A_CUT` words of one."""
    places: list[int] = []
    heard: list[str] = []
    for before, after in zip(finals, [*finals[1:], None], strict=True):
        heard += plain_words(before.text)
        if after and after.start_s - before.end_s < CUT_GAP_S:
            places.append(len(heard))
    matcher = SequenceMatcher(None, plain_words(said), heard, autojunk=False)
    edits = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    near = sum(any(code[3] - NEAR_A_CUT <= at <= code[4] + NEAR_A_CUT for at in places) for code in edits)
    return len(places), near


def accuracy(model: STTModel[Any], vad: VAD, paths: list[Path]) -> None:
    """The first part."""
    print("file                      seconds  words  WER     replaced dropped inserted   cuts  edits at cuts")
    total = WordErrors()
    for path in paths:
        text = path.with_suffix(".txt")
        if not text.exists():
            continue
        said = text.read_text(encoding="utf-8")
        heard = listen(model, vad, decode_file(path, target_rate=RATE), 1, words=False)
        errors = word_errors(said, "".join(final.text for final in heard.finals))
        cuts, near = errors_at_cuts(said, heard.finals)
        total += errors
        print(
            f"{path.name[:24]:24} {heard.finals[-1].end_s:8.0f} {errors.words:6} {errors.rate or 0:6.2%}"
            f" {errors.replaced:10} {errors.dropped:7} {errors.inserted:8} {cuts:6} {near:14}",
            flush=True,
        )
    print(f"all: {total.words} words, WER {total.rate or 0:.2%}\n")


def joined(model: STTModel[Any], vad: VAD, manifest: Path) -> None:
    """The second part."""
    clips = [clip for clip in read_manifest(manifest) if clip.group == "human"]
    gap = np.zeros(round(JOIN_GAP_S * RATE), np.float32)
    parts = [decode(clip.pcm, "pcm_s16le") for clip in clips]
    alone = WordErrors()
    apart: list[str] = []
    for clip, samples in zip(clips, parts, strict=True):
        heard = listen(model, vad, _blocks(samples), 1, words=False)
        apart.append("".join(final.text for final in heard.finals))
        alone += word_errors(clip.text, apart[-1])
    together = listen(
        model,
        vad,
        _blocks(np.concatenate([piece for samples in parts for piece in (samples, gap)])),
        1,
        words=False,
    )
    whole = "".join(final.text for final in together.finals)
    errors = word_errors(" ".join(clip.text for clip in clips), whole)
    changes = word_errors(" ".join(apart), whole)
    print(f"{len(clips)} recordings of {manifest.name}, {errors.words} words, {JOIN_GAP_S} s between them")
    print(f"each alone    WER {alone.rate or 0:.2%}")
    print(f"as one file   WER {errors.rate or 0:.2%}")
    print(
        f"against each alone: {changes.replaced} words replaced, {changes.dropped} lost,"
        f" {changes.inserted} more\n",
        flush=True,
    )


def speed(model: STTModel[Any], vad: VAD, audio: Samples, minutes: int, rows: list[int]) -> None:
    """The third part."""
    print(f"{minutes} minutes   rows a step   words   processor s / s of audio   memory grown, MB")
    for words in (False, True):
        for count in rows:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            heard = listen(model, vad, _repeated(audio, minutes * 60), count, words=words)
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
            print(
                f"{'':10} {count:13} {'yes' if words else 'no':>7} {heard.busy_s / (minutes * 60):26.4f}"
                f" {grown:18.0f}",
                flush=True,
            )
    print()


def beside(model: STTModel[Any], vad: VAD, audio: Samples, streams: int, seconds: float) -> None:
    """The fourth part."""
    print(f"{streams} live streams   final p50   p95 ms   partial every p50 ms")
    for files in (0, 1, 2):
        heard = hear(model, vad, audio, streams=streams, batch_size=8, seconds=seconds, files=files)
        print(
            f"beside {files} files {_ms(heard.final.p50):>14} {_ms(heard.final.p95):>8}"
            f" {_ms(heard.partial_every.p50):>22}",
            flush=True,
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("recordings", type=Path, nargs="+")
    parser.add_argument("--manifest", type=Path)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--rows", default="1,4,8")
    parser.add_argument("--streams", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    settings = load_settings()
    store = ModelStore(settings.models_dir)
    model, vad = load_stt(settings.stt_model, store), load_vad(store)
    accuracy(model, vad, options.recordings)
    if options.manifest:
        joined(model, vad, options.manifest)
    audio = np.concatenate([block for path in options.recordings for block in decode_file(path)])
    if options.minutes:
        speed(model, vad, audio, options.minutes, [int(count) for count in options.rows.split(",")])
    if options.streams:
        beside(model, vad, audio, options.streams, options.seconds)


def _blocks(samples: Samples) -> Iterator[Samples]:
    yield from np.split(samples, range(RATE, len(samples), RATE))


def _repeated(audio: Samples, seconds: int) -> Iterator[Samples]:
    for second in range(seconds):
        yield np.take(audio, range(second * RATE, (second + 1) * RATE), mode="wrap")


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{1000 * seconds:.0f}"


if __name__ == "__main__":
    main()
