"""子育て支援課: nursery applications and child allowance, a departmental app built with `clients.kit`."""
