"""The widgets of the review room."""
