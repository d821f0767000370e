/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Keeps as little as can be: of other mail nothing but a few header fields, of a bounce
 * its beginning, of a report up to max-size. */
#include "incoming.h"

#include "bounce.h"
#include "intake.h"
#include "mark.h"
#include "rewrite.h"

#include <string.h>

Incoming *incoming_new(Snapshot *snapshot, const char *sender)
{
    Incoming *incoming = g_new0(Incoming, 1);

    incoming->snapshot = snapshot_ref(snapshot);
    incoming->sender = intake_address(sender);
    incoming->wanted = intake_has_sender(snapshot->config, incoming->sender);
    return incoming;
}

void incoming_free(Incoming *incoming)
{
    if (incoming == NULL)
        return;
    snapshot_unref(incoming->snapshot);
    g_free(incoming->sender);
    g_free(incoming->bounced);
    g_clear_pointer(&incoming->recipients, g_ptr_array_unref);
    g_clear_pointer(&incoming->names, g_ptr_array_unref);
    g_clear_pointer(&incoming->bytes, g_byte_array_unref);
    g_clear_pointer(&incoming->marks, g_ptr_array_unref);
    g_free(incoming->subject);
    g_free(incoming->from);
    g_free(incoming->original_from);
    g_free(incoming->message_id);
    g_clear_pointer(&incoming->report, subject_free);
    g_clear_pointer(&incoming->id, g_hmac_unref);
    g_free(incoming);
}

void incoming_add_recipient(Incoming *incoming, const Secret *secret, const char *recipient)
{
    const Config *config = incoming->snapshot->config;
    g_autofree char *address = intake_address(recipient);

    if (intake_has_recipient(config, address)) {
        if (incoming->recipients == NULL)
            incoming->recipients = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(incoming->recipients, g_strdup(recipient));
        incoming->wanted = TRUE;
    } else
        incoming->n_outside++;
    if (incoming->bounced == NULL)
        incoming->bounced = bounce_intake(secret, config, incoming->sender, address);
    incoming->wanted = incoming->wanted || incoming->bounced != NULL;
}

/* libmilter gives folds as '\n' without CR; the bytes get theirs back. */
static void append_field(GByteArray *bytes, const char *name, const char *value, gboolean space)
{
    g_byte_array_append(bytes, (const guint8 *)name, (guint)strlen(name));
    g_byte_array_append(bytes, (const guint8 *)(space ? ":" : ": "), space ? 1 : 2);
    for (const char *p = value, *end; *p != '\0'; p = end) {
        end = strchrnul(p, '\n');
        gboolean bare = *end == '\n' && (end == p || end[-1] != '\r');
        g_byte_array_append(bytes, (const guint8 *)p, (guint)(end - p));
        if (bare)
            g_byte_array_append(bytes, (const guint8 *)"\r", 1);
        if (*end == '\n')
            g_byte_array_append(bytes, (const guint8 *)end++, 1);
    }
    g_byte_array_append(bytes, (const guint8 *)"\r\n", 2);
}

static void keep_first(char **kept, const char *value)
{
    if (*kept == NULL)
        *kept = g_strstrip(g_strdup(value));
}

static void keep_mark(Incoming *incoming, const char *value)
{
    if (incoming->marks == NULL)
        incoming->marks = g_ptr_array_new_with_free_func(g_free);
    if (++incoming->n_marks <= INCOMING_MARKS_MAX)
        g_ptr_array_add(incoming->marks, g_strndup(value, INCOMING_MARK_BYTES_MAX));
}

/* Received stays in a mail that is rewritten, so that loops end (RFC 5321 section 6.3). */
static void keep_name(Incoming *incoming, const char *name)
{
    if (strcmp(incoming->snapshot->config->disposition, "rewrite") != 0
        || g_ascii_strcasecmp(name, "Received") == 0 || g_ascii_strcasecmp(name, MARK_FIELD) == 0)
        return;
    if (incoming->names == NULL)
        incoming->names = g_ptr_array_new_with_free_func(g_free);
    if (incoming->names->len <= REWRITE_FIELDS_MAX)
        g_ptr_array_add(incoming->names, g_strdup(name));
}

gboolean incoming_may_rewrite(const Incoming *incoming)
{
    return incoming->names != NULL && incoming->names->len <= REWRITE_FIELDS_MAX
        && incoming->recipients != NULL && incoming->n_outside == 0;
}

void incoming_add_header(Incoming *incoming, const char *name, const char *value,
                         gboolean leading_space)
{
    keep_name(incoming, name);
    if (incoming->bytes == NULL)
        incoming->bytes = g_byte_array_new();
    if (incoming->bytes->len > INCOMING_HEAD_MAX)
        incoming->too_large = incoming->header_too_large = TRUE;
    else
        append_field(incoming->bytes, name, value, leading_space);
    if (g_ascii_strcasecmp(name, "Subject") == 0)
        keep_first(&incoming->subject, value);
    else if (g_ascii_strcasecmp(name, "From") == 0)
        keep_first(&incoming->from, value);
    else if (g_ascii_strcasecmp(name, "X-Original-From") == 0)
        keep_first(&incoming->original_from, value);
    else if (g_ascii_strcasecmp(name, "Message-ID") == 0)
        keep_first(&incoming->message_id, value);
    else if (g_ascii_strcasecmp(name, MARK_FIELD) == 0)
        keep_mark(incoming, value);
    else if (g_ascii_strcasecmp(name, "In-Reply-To") == 0
             || g_ascii_strcasecmp(name, "References") == 0)
        incoming->answers = TRUE;
    else
        incoming->automatic = incoming->automatic || intake_is_automatic(name, value);
}

void incoming_end_headers(Incoming *incoming, const Secret *secret)
{
    const IntakeHeaders headers = {
        .subject = incoming->subject, .from = incoming->from,
        .original_from = incoming->original_from, .answers = incoming->answers,
        .automatic = incoming->automatic || *incoming->sender == '\0',
    };

    if (incoming->wanted && incoming->bounced == NULL)
        incoming->report = intake_report(incoming->snapshot->config, &headers);
    if (incoming->report == NULL && incoming->bounced == NULL && incoming->marks == NULL)
        return;
    incoming->id
        = secret_mark_start(secret, incoming->message_id != NULL ? incoming->message_id : "");
    if (incoming->bytes != NULL)
        g_byte_array_append(incoming->bytes, (const guint8 *)"\r\n", 2);
}

/* What it says stands in front; the rest may be our own notice, come back. */
static void add_to_bounce(Incoming *incoming, const guint8 *chunk, gsize size)
{
    gsize room = DSN_BYTES_MAX - MIN(DSN_BYTES_MAX, incoming->bytes->len);
    g_byte_array_append(incoming->bytes, chunk, (guint)MIN(size, room));
}

static void add_to_report(Incoming *incoming, const guint8 *chunk, gsize size)
{
    incoming->too_large
        = incoming->bytes->len + size > incoming->snapshot->config->max_size_bytes;
    if (incoming->too_large)
        g_clear_pointer(&incoming->bytes, g_byte_array_unref);
    else
        g_byte_array_append(incoming->bytes, chunk, (guint)size);
}

void incoming_add_body(Incoming *incoming, const guint8 *chunk, gsize size)
{
    if (incoming->id == NULL || size == 0)
        return;
    g_hmac_update(incoming->id, chunk, (gssize)size);
    if (incoming->bytes == NULL || incoming->too_large)
        return;
    if (incoming->bounced != NULL)
        add_to_bounce(incoming, chunk, size);
    else if (incoming->report != NULL)
        add_to_report(incoming, chunk, size);
}
