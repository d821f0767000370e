/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* zip-maker: entries -> the bytes of a zip, for tests.
 *
 * A writer of its own (APPNOTE.TXT 6.3.10), so that a test doesn't check libarchive with
 * libarchive, and that every field may lie.  Members left zero give a plain stored file. */
#ifndef CERTBUND_TESTS_ZIP_MAKER_H
#define CERTBUND_TESTS_ZIP_MAKER_H

#include <glib.h>

#define ZIP_STORED 0
#define ZIP_DEFLATED 8

#define ZIP_FLAG_ENCRYPTED (1 << 0)
#define ZIP_FLAG_UTF8 (1 << 11)

typedef struct {
    const char *name; /* as the bytes have it; "/" at the end is a folder */
    const char *content;
    gsize length;    /* 0: strlen(content) */
    guint16 method;  /* any but ZIP_DEFLATED leaves the content as it is */
    guint16 flags;   /* of section 4.4.4 */
    guint32 mode;    /* of Unix, 0: 0100644 */
    guint32 crc_off; /* these bits of the CRC-32 are wrong */
    guint32 size_off; /* so much is added to the unpacked size */
} ZipEntry;

/* Caller frees with g_bytes_unref(). */
GBytes *zip_make(const ZipEntry *entries, guint n);

/* A zip of one file, deflated. */
GBytes *zip_make_one(const char *name, const char *content);

#endif
