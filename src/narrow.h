/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* narrow: a cell, which may hold anything -> a value of a shape so narrow that it names no other
 * system. */
#ifndef CERTBUND_NARROW_H
#define CERTBUND_NARROW_H

#include <glib.h>

#define NARROW_WORD_MAX 64 /* bytes; names of malware are words */

/* 1 to 65535 in decimal digits and nothing else; 0: it is none. */
guint narrow_port(const char *cell);

/* The first CVE number in the cell, "CVE-2024-21410" (four digits of a year, 4 to 19 of a
 * serial number, as the CVE program's record format has them), or NULL; caller frees. */
char *narrow_cve(const char *cell);

/* Is the cell one word?  ASCII letters and digits, divided by at most two single hyphens or
 * underscores, with a letter that is no hexadecimal digit: no address is spelt so. */
gboolean narrow_is_word(const char *cell);

#endif
