// SPDX-License-Identifier: GPL-2.0-only
/*
 * record.c - what the guest's programs write their results with
 */
#include "record.h"

void record_string(FILE *out, const char *text)
{
	const unsigned char *p;

	fputc('"', out);
	for (p = (const unsigned char *)text; *p; p++) {
		if (*p == '"' || *p == '\\')
			fprintf(out, "\\%c", *p);
		else if (*p < ' ' || *p == 0x7f)
			fprintf(out, "\\u%04x", *p);
		else
			fputc(*p, out);
	}
	fputc('"', out);
}

void record_member(FILE *out, const char *key, const char *text)
{
	fprintf(out, ",\"%s\":", key);
	record_string(out, text);
}
