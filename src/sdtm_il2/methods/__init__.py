"""Methods: a function from the frames of some subjects to one column of one domain."""
