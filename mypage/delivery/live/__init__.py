"""The live channel: from the outbox to every open page of the resident."""
