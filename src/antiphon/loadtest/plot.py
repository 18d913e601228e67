"""A line chart as SVG."""

import math
from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT = 560, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 40, 48
_COLOURS = ("#1f6feb", "#d1495b", "#2a9d62")
_TICKS = 5


def line_chart(
    title: str, axis: str, loads: Sequence[float], lines: Mapping[str, Sequence[float | None]]
) -> str:
    """Draw lines over loads; the places of the loads are evenly spaced, as they usually double.

    Args:
        title: above, with the unit of the values.
        axis: below.
        loads: in order.
        lines: values at each load by the name of the line; None leaves a gap.
    """
    top = _nice(max((v for line in lines.values() for v in line if v is not None), default=0.0))

    def x(index: int) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (index + 0.5) / max(1, len(loads))

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * value / top

    parts = [_text(_LEFT, 20, title, "start", weight=600)]
    for tick in range(_TICKS + 1):
        value = top * tick / _TICKS
        parts.append(f'<path d="M{_LEFT} {y(value):.1f}H{_WIDTH - _RIGHT}" stroke="#8884"/>')
        parts.append(_text(_LEFT - 8, y(value) + 4, f"{value:g}", "end"))
    parts += [_text(x(i), _HEIGHT - 28, f"{load:g}", "middle") for i, load in enumerate(loads)]
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 8, axis, "middle"))
    for index, (name, values) in enumerate(lines.items()):
        colour = _COLOURS[index % len(_COLOURS)]
        places = [(x(i), y(value)) for i, value in enumerate(values) if value is not None]
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3" fill="{colour}"/>' for px, py in places]
        parts.append(_text(_WIDTH - _RIGHT - 90 * index, 20, name, "end", fill=colour))
    inside = "".join(parts)
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">{inside}</svg>'


def _text(
    x: float, y: float, text: str, anchor: str, *, fill: str = "currentColor", weight: int = 400
) -> str:
    style = f'text-anchor="{anchor}" fill="{fill}" font-weight="{weight}" font-size="12"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'


def _nice(value: float) -> float:
    """The next number above that divides well into the ticks: 1, 2 or 5 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)
