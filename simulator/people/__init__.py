"""The workload: taxpayers and officers who know only what a person in the hall can see and hear."""
