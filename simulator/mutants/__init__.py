"""Bugs planted in the product, each of which the auditor must catch: proof that it looks."""
