"""A token bucket: so many a second, and a few at once after a pause. In-process; asks the monotonic clock only."""

import time
from collections.abc import Callable


class TokenBucket:
    """Holds up to `burst` tokens and gains `rate` a second."""

    def __init__(self, rate: float, burst: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self.burst = burst
        self._clock = clock
        self._tokens = float(burst)
        self._at = clock()

    def take(self, wanted: int) -> int:
        """Take up to `wanted` whole tokens; returns how many there were."""
        self._refill()
        got = max(0, min(wanted, int(self._tokens)))
        self._tokens -= got
        return got

    def give_back(self, tokens: int) -> None:
        """Return tokens that were taken and not used."""
        self._tokens = min(float(self.burst), self._tokens + tokens)

    def wait(self) -> float:
        """Seconds until the next whole token."""
        self._refill()
        return max(0.0, (1.0 - self._tokens) / self.rate)

    def _refill(self) -> None:
        now = self._clock()
        self._tokens = min(float(self.burst), self._tokens + (now - self._at) * self.rate)
        self._at = now
