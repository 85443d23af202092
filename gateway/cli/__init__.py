"""The hallkit command."""
