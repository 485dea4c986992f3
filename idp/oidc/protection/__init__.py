"""Answers signed and encrypted as their client registered."""
