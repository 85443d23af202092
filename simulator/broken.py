"""A promise of the design that does not hold: what the auditor raises at the first sight of it."""


class PromiseBroken(Exception):  # noqa: N818  # reads as what it is
    """`promise` is P1 to P15."""

    def __init__(self, promise: str, problem: str) -> None:
        super().__init__(f"{promise}: {problem}")
        self.promise = promise
        self.problem = problem
