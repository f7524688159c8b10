"""The specification, and the specification against the data: columns that do not exist, formats and terms."""
