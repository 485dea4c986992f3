"""What the resident granted, as the resident and the apps see it."""
