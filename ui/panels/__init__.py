"""Parts that several pages show: films taken in, findings, input checks, maps, samples, what leaves
the app."""
