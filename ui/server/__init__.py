"""What stands round the app, for all sessions: who may enter and who is there, who gets a film's
bytes, how many bytes of films there may be, the server's memory, and whether all is well. No page
is drawn here."""
