"""The REST API, the live stream and the pages."""
