/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Tells the desk what could not be handed over.  The mail is a notice of the ledger
 * like any other, so it is not lost either; without a desk nobody is told, and the
 * failures wait for one. */
#include "outbox-failures.h"

#include "desk.h"
#include "notice.h"
#include "timestamp.h"

#include <string.h>

#define LAST "last-failure-mail" /* RFC 3339: failures before it are told */

typedef struct {
    GString *text; /* CSV */
    guint n;
} List;

static void append_cells(GString *text, guint n, const char *const *cells)
{
    for (guint i = 0; i < n; i++) {
        if (i > 0)
            g_string_append_c(text, ',');
        table_append_cell(text, cells[i] != NULL ? cells[i] : "");
    }
    g_string_append_c(text, '\n');
}

static gboolean list_row(guint n_columns, const char *const *columns, const char *const *values,
                         gpointer data)
{
    List *list = data;

    if (list->n == 0)
        append_cells(list->text, n_columns, columns);
    if (list->n++ < FAILURES_ROWS_MAX)
        append_cells(list->text, n_columns, values);
    return TRUE;
}

/* When the desk was told last, seconds; a time to come is a clock that jumped back. */
static gboolean is_due(Ledger *ledger, gint64 now, gint64 *since_r)
{
    g_autofree char *last = ledger_get(ledger, LAST);

    *since_r = 0;
    if (last == NULL || !timestamp_parse_rfc3339(last, since_r))
        return TRUE;
    if (*since_r > now) {
        *since_r = now - FAILURES_EVERY_SECS;
        return TRUE;
    }
    return now - *since_r >= FAILURES_EVERY_SECS;
}

static GBytes *write_mail(const Config *config, const List *list, const char *message_id,
                          const char *subject, gint64 now, GError **error)
{
    const char *const to[] = { config->desk, NULL };
    const NoticeHead head = { .from = desk_from(config),
                              .to = to, .subject = subject, .message_id = message_id,
                              .language = "en", .date = now };
    GString *text = g_string_new(NULL);

    g_string_append(text, "These notices were refused for good, or not taken for five days:\n\n");
    g_string_append_len(text, list->text->str, (gssize)list->text->len);
    if (list->n > FAILURES_ROWS_MAX)
        g_string_append_printf(text, "\nThe list ends here; %u are in the ledger.\n", list->n);
    g_string_append(text, "\nTo see and to send one again:\n\n"
                          "  certbundctl show REFERENCE\n  certbundctl retry REFERENCE\n");
    return notice_write(&head, text, error);
}

/* Law 4: the id says what is told, so a crash before LAST is set tells it once. */
static gboolean put_in(Ledger *ledger, const Secret *secret, const Config *config,
                       const List *list, const char *since, gint64 now, GError **error)
{
    const char *const to[] = { config->desk, NULL };
    g_autofree char *number = g_strdup_printf("%u", list->n);
    g_autofree char *id = g_strdup_printf("failures/%s/%s", since, number);
    g_autofree char *subject = g_strdup_printf("%s notice%s could not be delivered", number,
                                               list->n == 1 ? "" : "s");
    const NoticeKey key = { since, number, "", "failures" };
    g_autofree char *message_id = desk_message_id(config, secret, &key);
    /* Its own among millions, and of no customer: as long as can be. */
    g_autofree char *reference = secret_reference(secret, &key, SECRET_REFERENCE_CHARS_MAX);
    g_autoptr(GBytes) mail = write_mail(config, list, message_id, subject, now, error);
    const LedgerNotice notice
        = { .id = id, .reference = reference, .customer = "", .group = "", .class_id = "",
            .state = NOTICE_PENDING, .sender = config->envelope_from, .recipients = to,
            .message_id = message_id, .subject = subject, .bytes = mail, .template_digest = "",
            .config_digest = config->digest, .due = now * G_USEC_PER_SEC };

    return mail != NULL && ledger_add_mail(ledger, &notice, NULL, error);
}

gboolean failures_tell(Ledger *ledger, const Secret *secret, const Config *config, gint64 now,
                       gboolean *told_r, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    List list = { text, 0 };
    gint64 since, secs = now / G_USEC_PER_SEC;

    *told_r = FALSE;
    if (*config->desk == '\0' || !is_due(ledger, secs, &since))
        return TRUE;
    char from[TIMESTAMP_TEXT_SIZE], until[TIMESTAMP_TEXT_SIZE];

    timestamp_format(since, from);
    timestamp_format(secs, until);
    if (!ledger_ask(ledger, LEDGER_FAILURES, from, list_row, &list, error))
        return FALSE;
    if (list.n == 0)
        return TRUE;
    *told_r = put_in(ledger, secret, config, &list, from, secs, error)
        && ledger_set(ledger, LAST, until, error);
    return *told_r;
}
