"""What a flow does, as a list: tables of named checks with their paragraphs, and the one that runs them."""
