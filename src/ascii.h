/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* ascii: how far a text is plain.  Nearly all of every notice is, and is gone through by
 * writer and guard, so that eight bytes at a time are looked at. */
#ifndef CERTBUND_ASCII_H
#define CERTBUND_ASCII_H

#include <glib.h>

/* How many bytes of text[0..length), from the first on, are visible ASCII or blanks (0x20 to
 * 0x7e) and not `but`. */
gsize ascii_run(const char *text, gsize length, char but);

#endif
