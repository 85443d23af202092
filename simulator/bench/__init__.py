"""How fast hallkit is, as ratios to a floor measured in the same run: `make bench`.

`python -m simulator.bench [--quick]` prints tables. Nothing here passes or fails on a time: the
machine, its disk and its other work decide those. docs/PERFORMANCE.md keeps figures to compare.
"""
