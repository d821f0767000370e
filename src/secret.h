/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* secret: the key of this installation, and the names derived from it.
 *
 * 32 random bytes in a file of mode 0600, made at the first start.  Everything
 * that must reveal nothing and that nobody else may make is an HMAC-SHA256
 * (RFC 2104) under it: the mark's id, a notice's reference, Message-ID and tag.
 * Each use has a word of its own in front, so that one never serves as another. */
#ifndef CERTBUND_SECRET_H
#define CERTBUND_SECRET_H

#include <glib.h>

#define SECRET_SIZE 32              /* bytes: the output size of SHA-256 */
#define SECRET_REFERENCE_CHARS 6    /* "A-7F3K2Q"; more where two would be the same */
#define SECRET_REFERENCE_CHARS_MAX 12 /* 60 bits */
#define SECRET_TAG_CHARS 10         /* 50 bits: to try one costs a mail */

typedef struct Secret Secret;

/* Read directory/secret; with create, make the directory (0750) and the file when
 * they are missing (safe against a second process doing the same).
 * CERTBUND_ERROR_INPUT: missing (not create), of another size, or readable by
 * others; CERTBUND_ERROR_TEMPORARY: the disk says no. */
Secret *secret_load(const char *directory, gboolean create, GError **error);

/* One for `preview` on a machine without the daemon: all zero. */
Secret *secret_dummy(void);
void secret_free(Secret *secret);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Secret, secret_free)

/* The mark's id is computed while the body arrives: start, g_hmac_update() with
 * the body's bytes, then g_hmac_get_string(). */
GHmac *secret_mark_start(const Secret *secret, const char *message_id);

/* What names a notice: the report's key (ticket and digest), the customer, and
 * the group within ("" or an address). */
typedef struct {
    const char *ticket, *digest, *customer, *group;
} NoticeKey;

/* "A-7F3K2Q" with `chars` characters of Crockford's base 32; caller frees. */
char *secret_reference(const Secret *secret, const NoticeKey *key, guint chars);

/* What the ledger knows the notice by: opaque, unique as its key is; caller frees. */
char *secret_notice_id(const Secret *secret, const NoticeKey *key);
/* The digest that makes a notice's envelope sender ours: SECRET_TAG_CHARS characters of
 * Crockford's base 32; caller frees. */
char *secret_tag(const Secret *secret, const char *reference);

/* "<...@domain>" as law 4 asks: the same key gives the same id; caller frees. */
char *secret_message_id(const Secret *secret, const NoticeKey *key, const char *domain);

#endif
