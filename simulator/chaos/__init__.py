"""Real processes on real disks, broken on purpose: `python -m simulator.chaos`, `make chaos`."""
