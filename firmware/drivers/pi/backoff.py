"""When something that ends by itself may be started again: ever later, while that does not help."""


class Backoff:
    """The delay doubles from `delay_ms_min` to `delay_ms_max`, and begins anew after a life of
    `well_ms`. Times are steady milliseconds.
    """

    def __init__(self, delay_ms_min: int, delay_ms_max: int, well_ms: int) -> None:
        self._delay_ms_min, self._delay_ms_max, self._well_ms = delay_ms_min, delay_ms_max, well_ms
        self._delay_ms = delay_ms_min

    def ended(self, now_ms: int, started_ms: int) -> int:
        """It has ended; when it may be started again."""
        if now_ms - started_ms >= self._well_ms:
            self._delay_ms = self._delay_ms_min
        start_at_ms = now_ms + self._delay_ms
        self._delay_ms = min(self._delay_ms_max, 2 * self._delay_ms)
        return start_at_ms
