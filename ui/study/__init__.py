"""The reader study: announced, read, and what came of it."""
