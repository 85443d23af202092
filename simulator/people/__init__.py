"""The workload: taxpayers and officers."""
