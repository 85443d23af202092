"""Bytes by chance, guided by coverage, into everything that reads what others have written."""
