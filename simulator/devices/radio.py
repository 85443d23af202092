"""The radio of a Wi-Fi board: how strongly it hears the access point of the hall.

The log-distance model of indoor paths (ITU-R P.1238): LEVEL_AT_1M_DBM at one metre, and
10 * EXPONENT dB less for ten times the distance; on top a fading of a few dB by chance, as people
walk through the path.
"""

import math
import random

LEVEL_AT_1M_DBM = -38.0
EXPONENT = 3.0
FADING_DB = 2.0
LOWEST_DBM = -95  # below it nothing is received


class Radio:
    """One board at its place."""

    def __init__(self, distance_m: float, rng: random.Random) -> None:
        self.distance_m = distance_m
        self._rng = rng

    def level_dbm(self) -> int:
        """What it measures now."""
        loss_db = 10 * EXPONENT * math.log10(max(1.0, self.distance_m))
        faded = LEVEL_AT_1M_DBM - loss_db + self._rng.gauss(0, FADING_DB)
        return max(LOWEST_DBM, min(0, round(faded)))
