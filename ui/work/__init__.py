"""Work that takes longer than a run of its page: one long job a session, its results on a shelf,
jobs that all sessions share, progress and a way to stop, parts of a page that run again by
themselves. What is worked out belongs to whoever asks for it."""
