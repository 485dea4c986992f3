"""The ground floor: settings, storage, secrets, the web shell. Knows no resident."""
