/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* listing: what is no table -> a table of ours: addresses in log lines, behind keys, in
 * lists, in a sentence.
 *
 * lines[0..n) are CERT-Bund's own; told has n members: a line becomes TRUE when all addresses
 * in it are accounted for, also when they are not affected.  Columns of the result: of log
 * lines their keys, else "ip", "timestamp" (as written, or empty) and "line" (verbatim, but
 * empty when another address stands in it: it would go to somebody else). */
#ifndef CERTBUND_LISTING_H
#define CERTBUND_LISTING_H

#include "letter.h"
#include "reading.h"

#define LISTING_KEYS_MAX 100 /* of a log line; real ones have 10 */

/* itime="..." srcip=192.0.2.1 dstip=..., each line with the same keys; wrapped or not. */
Reading *listing_read_logs(const Line *lines, guint n, guint8 *told, GError **error);

/* "IP: 192.0.2.1" and its spellings, each an event. */
Reading *listing_read_keys(const Line *lines, guint n, guint8 *told, GError **error);

/* Paragraphs of which every line begins with an address, below at most an introduction. */
Reading *listing_read_lists(const Line *lines, guint n, guint8 *told, GError **error);

/* The only address in all the sentences, if one that is about our side calls it an IP, and none
 * is about the other side (words.h). */
Reading *listing_read_prose(const Line *lines, guint n, const guint8 *told, GError **error);

#endif
