"""What a list can do: filter, sort, walk, say what is filtered."""
