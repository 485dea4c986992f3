"""Whose word counts for and against a credential."""
