"""The loop around the logic: link, outbox, effects; thin."""
