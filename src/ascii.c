/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Eight bytes are tested by arithmetic on one number that holds them: seven bits of each are
 * looked at, so that no sum leaves its byte, and the eighth says what was found. */
#include "ascii.h"

#include <string.h>

#define EACH(byte) (G_GUINT64_CONSTANT(0x0101010101010101) * (byte))

/* 0x80 in each byte that is not plain.  buts: the unwanted one, which is ASCII, eight times. */
static inline guint64 not_plain(guint64 word, guint64 buts)
{
    guint64 seven = word & EACH(0x7f);
    guint64 beyond = (seven + EACH(0x80 - 0x7f)) | word; /* at least 0x7f */
    guint64 visible = seven + EACH(0x80 - 0x20);         /* at least 0x20 */
    guint64 other = (seven ^ buts) + EACH(0x80 - 1);     /* not the unwanted one */

    return (beyond | ~(visible & other)) & EACH(0x80);
}

gsize ascii_run(const char *text, gsize length, char but)
{
    const guint64 buts = EACH((guchar)but);
    gsize i = 0;

    for (guint64 word; i + sizeof word <= length; i += sizeof word) {
        memcpy(&word, text + i, sizeof word);
        guint64 found = not_plain(word, buts);
        if (found != 0)
            return i + (gsize)__builtin_ctzll(GUINT64_FROM_LE(found)) / 8;
    }
    while (i < length && text[i] >= ' ' && text[i] < 0x7f && text[i] != but)
        i++;
    return i;
}
