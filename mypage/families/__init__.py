"""What families of events share: the unit of work in which events of any of them are applied."""
