"""The most of something that still holds."""

from collections.abc import Awaitable, Callable


async def most(
    holds: Callable[[int], Awaitable[bool]], low: int, high: int, *, precision: float = 0.05
) -> int:
    """Search for the highest load that holds: doubled from ``low`` until one fails, then halved between.

    Args:
        holds: tries a load. It is taken to fail from some load on.
        low: the first one tried.
        high: none above is tried.
        precision: how near to the first failure is near enough, as a share of the load.

    Returns:
        The highest load that was tried and held; 0 if ``low`` itself does not.
    """
    held, failed, load = 0, high + 1, low
    while held < high:
        if await holds(load):
            held = load
        else:
            failed = load
        if failed - held <= max(1, precision * held) or not held:
            break
        load = min(2 * held, high) if failed > high else (held + failed) // 2
    return held
