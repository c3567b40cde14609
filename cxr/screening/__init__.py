"""The spine: how a file becomes an answer. Batches, sources and reports belong here too."""
