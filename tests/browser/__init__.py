"""The pages in a real Chromium. A package, so that fixtures can be of that scope."""
