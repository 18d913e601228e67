"""Does the simulator tell the truth? The same loads with the model's profile and with the model itself.

    python bench/prediction.py
    python bench/prediction.py --loads 0.3,0.6,0.9 --duration 120

The profile is measured first. Then requests come at Poisson times, at shares of what the model makes: once
the steps take what the profile says, once they run the model itself and only the waiting is skipped.
"""

import argparse
import json
from typing import Any

from antiphon.loadtest.summary import Summary, summarise
from antiphon.models.registry import load_tts
from antiphon.models.store import ModelStore
from antiphon.settings import load_settings
from antiphon.telemetry.logs import configure_logging
from antiphon.tuning.profile import measure
from antiphon.tuning.simulation import Fleet, OpenLoop, simulate

CHARS = 100


def main() -> None:
    """Print prediction and measurement side by side."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--loads", default="0.3,0.7", help="shares of what the model makes")
    parser.add_argument("--duration", type=float, default=60.0, help="simulated seconds of each load")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    configure_logging("warning", "console")
    settings = load_settings()
    model = load_tts(settings.tts_model, ModelStore(settings.models_dir))
    profile = measure(model)
    sentence_s = CHARS * profile.frames_per_char * profile.frame_s
    rows: list[dict[str, Any]] = []
    for share in map(float, arguments.loads.split(",")):
        rps = share * profile.pace(CHARS) / sentence_s
        for what, fleet in (("predicted", Fleet(profile)), ("measured", Fleet(model))):
            runs = [
                simulate(fleet, OpenLoop(rps), duration_s=arguments.duration, seed=int(seed))
                for seed in arguments.seeds.split(",")
            ]
            rows.append({"load": share, "rps": round(rps, 2), "what": what, **_figures(summarise(*runs))})
    if arguments.json:
        print(json.dumps(rows, indent=1))
        return
    for row in rows:
        print("   ".join(f"{name} {value}" for name, value in row.items()))


def _figures(summary: Summary) -> dict[str, Any]:
    return {
        "ttfa_p50_ms": _ms(summary.ttfa.p50),
        "ttfa_p95_ms": _ms(summary.ttfa.p95),
        "rtf_p50": round(summary.rtf.p50 or 0.0, 3),
        "underruns": summary.underruns,
        "audio_per_s": round(summary.audio_per_s, 1),
    }


def _ms(seconds: float | None) -> float:
    return round(1000 * (seconds or 0.0), 1)


if __name__ == "__main__":
    main()
