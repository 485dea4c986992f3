"""What an app proves itself with: its keys, and its secret."""
