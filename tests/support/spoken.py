"""What clients say and hear in tests."""

from pathlib import Path

TEXT = "The train to the coast leaves at half past seven."

RECORDING = Path(__file__).parents[1] / "data" / "speech" / "011_jfk.wav"
"""16 kHz, 11 s."""

RECORDED = (
    "And so my fellow Americans, ask not what your country can do for you, "
    "ask what you can do for your country."
)
