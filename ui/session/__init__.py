"""What one session holds: its films, what each scored, the model and the hospital that were picked,
what its reader says, what the audit log is told. How pages wait for long work belongs to `work`,
what all sessions share to `server`, what is drawn to `panels` and the pages' own folders."""
