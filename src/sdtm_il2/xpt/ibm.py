"""IBM System/360 double precision, the numbers of XPORT files, to and from IEEE 754 doubles.

An IBM double is a sign, an exponent of 16 (excess 64, 7 bits) and a fraction of 56 bits below the point,
whose first hexadecimal digit is not 0. So at least 53 bits count, and every double from 16**-65 up to below
16**63 is exact. The other way some files hold 54 to 56 bits, which a double rounds.
"""

from __future__ import annotations

import string

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.uint64]
Doubles = npt.NDArray[np.float64]
#: Records of one variable, counted from 0, and the bits that they hold.
SpecialBits = tuple[npt.NDArray[np.int64], Bits]

#: Numbers from here on are too large for an XPORT file: 16**63, about 7.2e75.
TOO_LARGE = 16.0**63
#: Numbers nearer to 0 than this, and not 0, are too small for an XPORT file: 16**-65, about 5.4e-79.
SMALLEST = 16.0**-65

_U = np.uint64
_SIGN = _U(1 << 63)
_EXPONENT_BITS = _U(0x7FF)
_FRACTION_52 = _U((1 << 52) - 1)
_LEADING_ONE = _U(1 << 52)
_FRACTION_56 = _U((1 << 56) - 1)
_SHIFT_52, _SHIFT_56, _THREE = _U(52), _U(56), _U(3)

#: The ordinary missing value: a point, then zeros.
MISSING = _U(ord(".") << 56)
#: First bytes of the 28 missing values: ``.``, ``_`` and ``A`` to ``Z``.
MISSING_CODES = "._" + string.ascii_uppercase

_IS_MISSING = np.zeros(256, np.bool_)
_IS_MISSING[[ord(code) for code in MISSING_CODES]] = True
_SCALE = np.ldexp(1.0, 4 * (np.arange(128) - 64) - 56)
_SCALE = np.concatenate([_SCALE, -_SCALE])


def to_ibm(numbers: Doubles) -> Bits:
    """IBM doubles of IEEE doubles, as 64-bit integers; NaN is the ordinary missing value, -0.0 becomes 0.

    Exact for 0 and from 16**-65 up to below 16**63; other numbers must have been refused before.

    >>> [f"{bits:016x}" for bits in to_ibm(np.array([1.0, -118.625, 0.0, np.nan]))]
    ['4110000000000000', 'c276a00000000000', '0000000000000000', '2e00000000000000']
    """
    bits = np.ascontiguousarray(numbers, np.float64).view(_U)
    exponent = ((bits >> _SHIFT_52) & _EXPONENT_BITS).astype(np.int64)
    exponent -= 1022  # the number is 0.1bbb * 2**exponent
    sixteens = (exponent + 3) >> 2
    shift = (4 * sixteens - exponent).view(_U)  # 0 to 3
    fraction = (((bits & _FRACTION_52) | _LEADING_ONE) << _THREE) >> shift
    result: Bits = (bits & _SIGN) | ((sixteens + 64).view(_U) << _SHIFT_56) | fraction
    result[numbers == 0.0] = 0
    result[np.isnan(numbers)] = MISSING
    return result


def to_ieee(bits: Bits) -> Doubles:
    """IEEE doubles of IBM doubles given as 64-bit integers; every missing value is NaN.

    >>> to_ieee(np.array([0x4110000000000000, 0xC276A00000000000, 0x2E00000000000000], np.uint64)).tolist()
    [1.0, -118.625, nan]
    """
    top = (bits >> _SHIFT_56).astype(np.uint8)
    fraction = bits & _FRACTION_56
    numbers = fraction.astype(np.float64)
    numbers *= _SCALE[top]
    zero = np.flatnonzero(fraction == 0)
    numbers[zero[_IS_MISSING[top[zero]]]] = np.nan
    return numbers


def not_kept(bits: Bits) -> npt.NDArray[np.int64]:
    """Where a double does not give the same bits back: special missing values, over 53 bits, odd zeros."""
    fraction = bits & _FRACTION_56
    doubtful = ((bits & _U(7)) != 0) | (((fraction >> _SHIFT_52) == 0) & (bits != 0) & (bits != MISSING))
    places = np.flatnonzero(doubtful)
    if len(places):
        some = bits[places]
        places = places[to_ibm(to_ieee(some)) != some]
    return places.astype(np.int64)
