"""SAS XPORT v5 files, read and written. Knows datasets and their columns, and nothing of SDTM."""

from sdtm_il2.xpt.check import check_xpt
from sdtm_il2.xpt.member import SpecialValues, Stamp, XptMember
from sdtm_il2.xpt.read import XptDescription, XptVariable, describe_xpt, iter_xpt, read_members, read_xpt
from sdtm_il2.xpt.show import first_records
from sdtm_il2.xpt.write import WrittenXpt, write_xpt

__all__ = [
    "SpecialValues",
    "Stamp",
    "WrittenXpt",
    "XptDescription",
    "XptMember",
    "XptVariable",
    "check_xpt",
    "describe_xpt",
    "first_records",
    "iter_xpt",
    "read_members",
    "read_xpt",
    "write_xpt",
]
