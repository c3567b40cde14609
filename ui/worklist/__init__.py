"""Parts of the page Worklist."""
