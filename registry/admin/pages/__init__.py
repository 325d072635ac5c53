"""Pages that are more than the form or the list of one noun."""
