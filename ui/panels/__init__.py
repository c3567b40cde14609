"""Parts that several pages show of a film: findings, input checks, maps, a patient's films, the
reader's own call, the list of films. How films come in and what leaves the app belong to
`transfer`, what one page alone shows to its own folder."""
