"""Chance from a seed, the same on every runtime. MicroPython subset."""

_MASK = 0xFFFFFFFF


class Chance:
    """A linear congruential generator; its upper bits are good enough to choose inputs."""

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK
        for _ in range(3):
            self.below(2)

    def below(self, limit: int) -> int:
        """A whole number 0..limit-1; `limit` of any size."""
        value = 0
        reach = 1
        while True:
            self._state = (self._state * 1664525 + 1013904223) & _MASK
            value = value << 15 | self._state >> 17
            reach = reach << 15
            if reach >= limit:
                return value % limit

    def between(self, low: int, high: int) -> int:
        """A whole number low..high, both included."""
        return low + self.below(high - low + 1)

    def one_in(self, count: int) -> bool:
        """True once in `count` times."""
        return self.below(count) == 0

    def pick(self, options):
        """One of them."""
        return options[self.below(len(options))]

    def bytes(self, length: int) -> bytes:
        """Any bytes."""
        return bytes([self.below(256) for _ in range(length)])
