/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* hex: bytes as lower-case hexadecimal digits. */
#ifndef CERTBUND_HEX_H
#define CERTBUND_HEX_H

#include <glib.h>

/* text_r: 2 * size + 1 bytes, NUL-terminated. */
static inline void hex_format(const guint8 *bytes, gsize size, char *text_r)
{
    static const char digits[] = "0123456789abcdef";

    for (gsize i = 0; i < size; i++) {
        text_r[2 * i] = digits[bytes[i] >> 4];
        text_r[2 * i + 1] = digits[bytes[i] & 15];
    }
    text_r[2 * size] = '\0';
}

#endif
