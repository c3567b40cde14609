"""What stands round the app: who gets a film's bytes, and whether all is well."""
