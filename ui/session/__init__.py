"""What one session holds and does: films, models, the shelf of results, long work, parts of a page
that run again."""
