"""Stand-ins for what a municipality has outside this software, for demonstrations and tests only."""
