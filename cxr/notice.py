"""The sentence that stands on every page and every export."""

NOTICE = "Research and teaching only. Not a medical device. Not for diagnosis, triage or treatment."
