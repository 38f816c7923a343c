"""How commands end; a mail server that calls us understands EX_DATAERR and EX_TEMPFAIL (sysexits.h)."""

REFUSED = 65
TEMPORARY_FAILURE = 75
FAILED = 1
WRONG_SETTING = 2
IN_THE_WAY = 3
