/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Changes mails.  What was measured: the MTA counts fields of one name from 1 among what is
 * left, so they go from the last to the first; it takes a recipient away only by the string
 * that the client typed, and says nothing when there is none; and between two pieces of a body
 * no other change may come. */
#include "milter-answer.h"

#include "intake.h"
#include "mark.h"

#include <string.h>

gboolean answer_remove_marks(SMFICTX *ctx, const Incoming *incoming)
{
    static char field[] = MARK_FIELD;
    gboolean ours = FALSE;

    for (guint i = incoming->marks != NULL ? incoming->marks->len : 0; i > 0; i--)
        if (!ours && mark_is_ours(g_ptr_array_index(incoming->marks, i - 1), incoming->id))
            ours = TRUE;
        else
            smfi_chgheader(ctx, field, (int)i, NULL);
    return ours;
}

static gboolean add_field(SMFICTX *ctx, gboolean leading_space, char *name, const char *value)
{
    g_autofree char *spaced = g_strdup_printf("%s%s", leading_space ? " " : "", value);
    return smfi_addheader(ctx, name, spaced) == MI_SUCCESS;
}

gboolean answer_add_mark(SMFICTX *ctx, gboolean leading_space, const char *mark)
{
    static char field[] = MARK_FIELD;
    return add_field(ctx, leading_space, field, mark);
}

/* ---- recipients */

static gboolean is_among(const char *typed, char **addresses)
{
    g_autofree char *wanted = intake_address(typed);

    for (; *addresses != NULL; addresses++) {
        g_autofree char *address = intake_address(*addresses);
        if (strcmp(address, wanted) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean is_recipient(const Incoming *incoming, const char *address)
{
    char *only[] = { (char *)(gsize)address, NULL };

    for (guint i = 0; i < incoming->recipients->len; i++)
        if (is_among(g_ptr_array_index(incoming->recipients, i), only))
            return TRUE;
    return FALSE;
}

/* These instead of those in the intake.  One that is both stays what it is: taken away it would
 * take the new one with it. */
static gboolean replace_recipients(SMFICTX *ctx, const Incoming *incoming, char **wanted)
{
    for (char **to = wanted; *to != NULL; to++)
        if (!is_recipient(incoming, *to) && smfi_addrcpt(ctx, *to) != MI_SUCCESS)
            return FALSE;
    for (guint i = 0; i < incoming->recipients->len; i++) {
        char *typed = g_ptr_array_index(incoming->recipients, i);
        if (!is_among(typed, wanted) && smfi_delrcpt(ctx, typed) != MI_SUCCESS)
            return FALSE;
    }
    return TRUE;
}

void answer_move(SMFICTX *ctx, const Incoming *incoming)
{
    char *wanted[] = { incoming->snapshot->config->handled_to, NULL };

    if (*wanted[0] != '\0' && incoming->recipients != NULL)
        replace_recipients(ctx, incoming, wanted);
}

gboolean answer_discard(SMFICTX *ctx, const Incoming *incoming)
{
    char *nobody[] = { NULL };

    if (incoming->recipients == NULL) /* its sender is in the intake, and nobody whom it is for */
        return FALSE;
    if (incoming->n_outside == 0)
        return TRUE;
    replace_recipients(ctx, incoming, nobody);
    return FALSE;
}

/* ---- all of it */

/* How many of the fields from here on to the first have this one's name. */
static guint count_named(const GPtrArray *names, guint last)
{
    guint n = 0;

    for (guint i = 0; i <= last; i++)
        n += g_ascii_strcasecmp(g_ptr_array_index(names, i), g_ptr_array_index(names, last)) == 0;
    return n;
}

static gboolean remove_fields(SMFICTX *ctx, const GPtrArray *names)
{
    for (guint i = names->len; i > 0; i--)
        if (smfi_chgheader(ctx, g_ptr_array_index(names, i - 1), (int)count_named(names, i - 1),
                           NULL) != MI_SUCCESS)
            return FALSE;
    return TRUE;
}

static gboolean add_fields(SMFICTX *ctx, gboolean leading_space, const GPtrArray *fields)
{
    for (guint i = 0; i < fields->len; i++) {
        const char *field = g_ptr_array_index(fields, i), *colon = strchr(field, ':');
        g_autofree char *name = g_strndup(field, (gsize)(colon - field));
        if (!add_field(ctx, leading_space, name, colon + 1 + (colon[1] == ' ')))
            return FALSE;
    }
    return TRUE;
}

static gboolean replace_body(SMFICTX *ctx, GBytes *body)
{
    gsize size;
    const guint8 *data = g_bytes_get_data(body, &size);
    /* libmilter reads it only, and sends it in pieces. */
    return smfi_replacebody(ctx, (unsigned char *)(gsize)data, (int)size) == MI_SUCCESS;
}

static gboolean change_sender(SMFICTX *ctx, const char *sender)
{
    g_autofree char *typed = g_strdup_printf("<%s>", sender);
    return smfi_chgfrom(ctx, typed, NULL) == MI_SUCCESS;
}

gboolean answer_rewrite(SMFICTX *ctx, const Incoming *incoming, gboolean leading_space,
                        const Rewrite *rewrite)
{
    return change_sender(ctx, rewrite->sender)
        && (rewrite->recipients == NULL
            || replace_recipients(ctx, incoming, rewrite->recipients))
        && remove_fields(ctx, incoming->names)
        && add_fields(ctx, leading_space, rewrite->fields) && replace_body(ctx, rewrite->body);
}
