"""Changes, out: each channel is a folder of its own."""
