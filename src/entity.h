/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* entity: a finished mail of ours -> its fields and its body, as bytes.
 *
 * For what must wrap a mail without writing it anew: a signature, a summary.  It takes CRLF
 * line ends for granted, as notice.c writes them. */
#ifndef CERTBUND_ENTITY_H
#define CERTBUND_ENTITY_H

#include <glib.h>

/* FALSE when there is no empty line behind the header; *head_r: its bytes, with the CRLF of its
 * last field and without the empty line. */
gboolean entity_split(GBytes *mail, gsize *head_r);

/* Each field with its folds and without its last CRLF (char *), in order. */
GPtrArray *entity_fields(GBytes *mail, gsize head);

/* What stands behind the empty line. */
GBytes *entity_body(GBytes *mail, gsize head);

/* Those that tell what the body is (Content-..., RFC 2045 section 3), taken out of fields. */
GPtrArray *entity_take_content(GPtrArray *fields);

/* A boundary (RFC 2046 section 5.1.1) that stands in neither of these; the same for the same
 * bytes.  other may be NULL; the caller frees. */
char *entity_boundary(GBytes *body, GBytes *other);

void entity_append(GString *text, GBytes *bytes);

#endif
