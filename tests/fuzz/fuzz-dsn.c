/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* A mail -> what a delivery status notification says: counts agree, and nothing that a
 * remote host wrote passes unchecked. */
#include "fuzz.h"

#include "bounce-dsn.h"
#include "mailbox.h"
#include "wrap.h"

#include <string.h>

static void check_diagnostic(const char *text)
{
    g_assert_cmpuint(strlen(text), <=, DSN_DIAGNOSTIC_MAX);
    g_assert_true(g_utf8_validate(text, -1, NULL));
    for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p))
        g_assert_false(wrap_is_unsafe(g_utf8_get_char(p)));
}

static void check_recipient(const DsnRecipient *recipient)
{
    g_assert_true(*recipient->final == '\0' || mailbox_valid(recipient->final));
    g_assert_true(*recipient->original == '\0' || mailbox_valid(recipient->original));
    g_assert_cmpuint(recipient->action, <, DSN_ACTION_N);
    g_assert_nonnull(dsn_action_name(recipient->action));
    g_assert_true(*recipient->status == '\0'
                  || g_regex_match_simple("^[245]\\.[0-9]{1,3}\\.[0-9]{1,3}$", recipient->status,
                                          G_REGEX_DOLLAR_ENDONLY, 0));
    check_diagnostic(recipient->diagnostic);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    guint n_failed = 0;

    fuzz_messages();
    g_autoptr(Dsn) dsn = dsn_parse(bytes, &error);
    fuzz_check_error(error, dsn);
    if (dsn == NULL)
        return 0;
    g_assert_cmpuint(dsn->recipients->len, <=, DSN_RECIPIENTS_MAX);
    for (guint i = 0; i < dsn->recipients->len; i++) {
        const DsnRecipient *recipient = dsn->recipients->pdata[i];
        check_recipient(recipient);
        n_failed += recipient->action == DSN_FAILED;
    }
    g_assert_cmpuint(dsn->n_failed, ==, n_failed);
    return 0;
}
