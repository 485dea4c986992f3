"""Applications and procedures: where they stand, in one closed set of phases beside the department's own words."""
