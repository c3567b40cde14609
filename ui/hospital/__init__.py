"""The hospital page: films of one's own hospital in, a profile out."""
