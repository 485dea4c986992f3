"""福祉課: benefit for households exempt from resident tax, a departmental app built with `clients.kit`."""
