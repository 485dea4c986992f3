"""Keys and JWTs of other parties: the protocol's lowest room, which knows keys, rules and time, and nothing of clients or requests."""
