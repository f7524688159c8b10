"""The plan: the frozen model of ordered, resolved steps."""
