"""libswresample through a filter graph of PyAV, the one way that passes on all its options."""

from fractions import Fraction
from typing import cast

import av
import av.error
import av.filter
import numpy as np

from antiphon.audio.samples import SILENCE, Samples


class Converter:
    """Converts a stream of audio frames of one form to float32 mono samples.

    Args:
        rate: sample rate of the frames, in Hz.
        options: for FFmpeg's filter ``aresample``.
        sample_format: of the frames, in FFmpeg's name.
        layout: of their channels, likewise. Several are mixed down.
    """

    def __init__(self, rate: int, options: str, *, sample_format: str = "flt", layout: str = "mono") -> None:
        self._rate = rate
        self._graph = av.filter.Graph()
        source = self._graph.add_abuffer(
            sample_rate=rate, format=sample_format, layout=layout, time_base=Fraction(1, rate)
        )
        convert = self._graph.add("aresample", f"{options}:ochl=mono:osf=flt")
        sink = self._graph.add("abuffersink")
        source.link_to(convert)
        convert.link_to(sink)
        self._graph.configure()

    def push(self, samples: Samples) -> Samples:
        """Samples that are ready after ``samples``, for a converter of float32 mono."""
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples, dtype=np.float32)[np.newaxis], format="flt", layout="mono"
        )
        frame.sample_rate = self._rate
        return self.push_frame(frame)

    def push_frame(self, frame: av.AudioFrame) -> Samples:
        """Samples that are ready after ``frame``."""
        self._graph.push(frame)
        parts: list[Samples] = []
        while (ready := self._pull()) is not None:
            parts.append(ready)
        return np.concatenate(parts) if parts else SILENCE

    def _pull(self) -> Samples | None:
        try:
            frame = self._graph.pull()
        except av.error.BlockingIOError:
            return None
        return cast("av.AudioFrame", frame).to_ndarray()[0]
