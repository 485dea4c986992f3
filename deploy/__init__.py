"""Ways to run the product: the demo, and (in files of their own) real installations. Nothing imports this."""
