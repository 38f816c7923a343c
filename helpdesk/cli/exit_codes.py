"""What a mail server that calls us understands (sysexits.h): EX_DATAERR and EX_TEMPFAIL."""

REFUSED = 65
TEMPORARY_FAILURE = 75
