/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Hands one mail to a sendmail(1) program, which child.c runs. */
#include "submit-internal.h"

#include "child.h"
#include "errors.h"
#include "submit.h"

#include <string.h>
#include <sysexits.h>

#define SAID_MAX 500 /* bytes of what the program says that are kept */

static char **arguments_for(const char *program, const char *sender, const char *const *recipients)
{
    GPtrArray *arguments = g_ptr_array_new();
    /* An argument of its own after -f: "" is the null sender. */
    const char *const fixed[] = { program, "-i", "-f", sender, "--" };
    for (guint i = 0; i < G_N_ELEMENTS(fixed); i++)
        g_ptr_array_add(arguments, g_strdup(fixed[i]));
    for (; *recipients != NULL; recipients++)
        g_ptr_array_add(arguments, g_strdup(*recipients));
    g_ptr_array_add(arguments, NULL);
    return (char **)g_ptr_array_free(arguments, FALSE);
}

/* Line ends as a Unix program expects them. */
static GBytes *with_lf(GBytes *mail)
{
    gsize size;
    const guint8 *data = g_bytes_get_data(mail, &size);
    GByteArray *out = g_byte_array_sized_new((guint)size);
    for (const guint8 *p = data, *end = data + size; p < end;) {
        const guint8 *cr = memmem(p, (gsize)(end - p), "\r\n", 2);
        const guint8 *stop = cr != NULL ? cr : end;
        g_byte_array_append(out, p, (guint)(stop - p));
        p = cr != NULL ? cr + 1 : end;
    }
    return g_byte_array_free_to_bytes(out);
}

static gboolean judge(const char *program, const ChildResult *result, GError **error)
{
    g_autofree char *words
        = g_strstrip(g_strconcat(result->output->str, result->errors->str, NULL));
    int status = result->late ? -1 : result->status;

    switch (status) {
    case EX_OK:
        return TRUE;
    case EX_USAGE:
    case EX_DATAERR:
    case EX_NOUSER:
    case EX_NOHOST:
        error_input(error, "%s refused it with exit status %d: %s", program, status, words);
        return FALSE;
    case -1:
        error_temporary(error, "%s was ended by a signal or after %d s", program,
                        SUBMIT_MAIL_SECS);
        return FALSE;
    default:
        error_temporary(error, "%s: exit status %d: %s", program, status, words);
        return FALSE;
    }
}

gboolean submit_by_sendmail(const char *program, const char *sender, const char *const *recipients,
                            GBytes *mail, SubmitReply *reply_r, GError **error)
{
    g_auto(GStrv) arguments = arguments_for(program, sender, recipients);
    g_autoptr(GBytes) text = with_lf(mail);
    g_auto(ChildResult) result = { .output = NULL };
    const ChildOrder order = { .arguments = (const char *const *)arguments,
                               .input = text,
                               .output_max = SAID_MAX,
                               .secs = SUBMIT_MAIL_SECS };
    GError *why = NULL;

    if (!child_run(&order, &result, &why)) {
        /* A program that is missing is missing until somebody installs it. */
        error_temporary(error, "%s", why->message);
        g_error_free(why);
        reply_r->trouble = SUBMIT_UNREACHED;
        return FALSE;
    }
    if (judge(program, &result, &why))
        return TRUE;
    /* What it says for now, a full disk or a lock, it would say to any. */
    if (g_error_matches(why, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY))
        reply_r->trouble = SUBMIT_EVERY_MAIL;
    g_propagate_error(error, why);
    return FALSE;
}
