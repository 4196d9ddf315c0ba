"""The published form of a build, read and written: rows, sources, configs, the card and its numbers."""
