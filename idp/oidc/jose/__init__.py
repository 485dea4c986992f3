"""Keys and JWTs, ours and other parties': the lowest room, which knows keys, rules and time, and nothing of clients or requests."""
