"""Moonshine, a speech recogniser for short windows (https://arxiv.org/abs/2410.15608), run by onnxruntime."""

from antiphon.models.moonshine.model import MoonshineModel

__all__ = ["MoonshineModel"]
