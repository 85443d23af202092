"""The hall's own authority: one certificate per node, and which of them still count."""
