"""The resident: unified ID, link to the resident register, identifier per sector, life cycle."""
