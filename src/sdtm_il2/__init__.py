"""Raw trial exports to CDISC SDTM datasets, XPT files and Define-XML, with an account of every raw record."""

__version__ = "0.1.0"
