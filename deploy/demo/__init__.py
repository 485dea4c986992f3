"""The fictional city: provider, my page, two departments and a card reader on one machine."""
