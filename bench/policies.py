"""The deadline policy against first come, first served and round robin: same engine, same model, made slow.

    python bench/policies.py                    # simulated: the profile of the model, twelve times as slow
    python bench/policies.py --real             # the model itself, its time stretched

A quick model forgives any policy; so each step takes longer, by a stated factor, until one worker serves only
a few listeners. Requests come at Poisson times, at a share of what the slow model sustains. The deadline one
runs as it does in a worker: with places, for which requests wait. The others take every request at once.
"""

import argparse

from antiphon.engine.policy import choose
from antiphon.loadtest.summary import summarise
from antiphon.models.registry import load_tts
from antiphon.models.store import ModelStore
from antiphon.settings import load_settings
from antiphon.telemetry.logs import configure_logging
from antiphon.tuning.policies import RoundRobin, fifo
from antiphon.tuning.profile import measure
from antiphon.tuning.simulation import Fleet, OpenLoop, simulate

CHARS = 100
ALL = 100_000


def main() -> None:
    """Print what the listeners hear under each policy."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--real", action="store_true", help="run the model itself instead of its profile")
    parser.add_argument("--slowdown", type=float, default=12.0)
    parser.add_argument("--load", type=float, default=0.9, help="share of what the slow model sustains")
    parser.add_argument("--duration", type=float, default=300.0, help="seconds of each run, simulated")
    parser.add_argument("--seeds", default="1,2,3")
    arguments = parser.parse_args()
    configure_logging("warning", "console")
    settings = load_settings()
    model = load_tts(settings.tts_model, ModelStore(settings.models_dir))
    profile = measure(model)
    sentence_s = CHARS * profile.frames_per_char * profile.frame_s
    slow = profile.slower(arguments.slowdown)
    load = OpenLoop(arguments.load * slow.pace(CHARS) / sentence_s)
    print(f"one worker makes {slow.pace(CHARS):.1f} s of audio a second; {load.rps:.2f} requests/s")
    for name, policy, places in (
        ("deadline", choose, None),
        ("fifo", fifo, ALL),
        ("round robin", RoundRobin(), ALL),
    ):
        fleet = Fleet(
            model if arguments.real else profile,
            slowdown=arguments.slowdown,
            policy=policy,
            max_streams=places,
            queue_s=60.0,
        )
        runs = [
            simulate(fleet, load, duration_s=arguments.duration, seed=int(seed))
            for seed in arguments.seeds.split(",")
        ]
        heard = summarise(*runs)
        print(
            f"{name:12} TTFA p50 {_ms(heard.ttfa.p50)}  p95 {_ms(heard.ttfa.p95)}   "
            f"silence heard {heard.silence_s:.1f} s in {heard.underruns} gaps   "
            f"{heard.audio_per_s:.2f} s of audio/s   {heard.completed} sentences"
        )


def _ms(seconds: float | None) -> str:
    return f"{1000 * (seconds or 0.0):6.0f} ms"


if __name__ == "__main__":
    main()
