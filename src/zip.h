/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* zip: bytes of a zip -> the bytes of the one file in it.
 *
 * The only includer of libarchive, with its zip reader and no other.  Read is the zip's
 * central directory, as unzip(1) and people's programs do; an entry that only a local
 * header knows does not exist.  Nothing is written to a disk, so an entry's path means
 * nothing but its ending. */
#ifndef CERTBUND_ZIP_H
#define CERTBUND_ZIP_H

#include <glib.h>

/* Bytes unpacked: twice what a plain attachment of a mail of 40 MiB can hold, half a
 * million rows.  A small mail must not become more memory than a large one. */
#define ZIP_UNPACKED_MAX (64 * 1024 * 1024)

/* Unpacked bytes for each byte of the zip.  Real tables pack 5 to 40 times; deflate could
 * do 1032 times, which is what bombs are made of. */
#define ZIP_RATIO_MAX 100
/* Up to here the ratio may be any: a short table of equal rows is no bomb. */
#define ZIP_RATIO_FREE (1024 * 1024)

/* Entries of the central directory, folders included: each costs libarchive some hundred
 * bytes of objects, and one is wanted. */
#define ZIP_ENTRIES_MAX 100

/* The file's bytes as they are; g_malloc() with one byte more than *length_r; caller
 * frees.  Folders are passed over.  CERTBUND_ERROR_INPUT, saying why: no zip, cut or damaged
 * (CRC-32 and both lengths are checked), an entry that is encrypted, no plain file, or
 * packed otherwise than stored or deflated, no file, a second one, one whose name doesn't
 * end in one of endings (such as ".csv", case ignored; NULL ends them; a zip within is none), or
 * a limit above is passed. */
char *zip_read_file(GBytes *zip, const char *const *endings, gsize *length_r, GError **error);

#endif
