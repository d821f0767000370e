/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* message-internal: what message.c and message-signed.c share. */
#ifndef CERTBUND_MESSAGE_INTERNAL_H
#define CERTBUND_MESSAGE_INTERNAL_H

#include "message.h"

#include <gmime/gmime.h>

struct Message {
    GBytes *bytes;
    GByteArray window; /* what GMime reads: bytes behind an mbox line; never written */
    GMimeMessage *mime;
    GPtrArray *objects; /* of GMimeObject, owned by mime */
    GArray *parts;      /* of MessagePart */
    GPtrArray *strings; /* what parts point to */
    GHashTable *headers; /* lower-case name -> decoded value or NULL */
};

/* Where the part's content begins and ends in the window; FALSE when it has none. */
gboolean message_content_range(const Message *message, GMimePart *part, gsize *start_r,
                               gsize *end_r);

/* The part's content, transfer encoding undone; the caller frees. */
char *message_decode(const Message *message, GMimePart *part, gsize *length_r);

#endif
